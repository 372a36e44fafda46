package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// limits bound the traces of a class: in total, of one connection or network, and their octets.
type limits struct{ total, each, octets int }

// defaultLimits leave strangers little, and none of what others have.
func defaultLimits() [classes]limits {
	return [classes]limits{
		stranger: {total: 64, each: 8, octets: 1 << 20},
		present:  {total: 256, each: 8, octets: 4 << 20},
		known:    {total: 2048, each: 64, octets: 24 << 20},
	}
}

// A Store keeps traces within bounds. It is not safe for concurrent use.
type Store struct {
	limits [classes]limits
	last   uint64
	bySPI  map[wire.SPI]*record
	lists  [classes][]*record // in the order in which they began
	octets [classes]int
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{limits: defaultLimits(), bySPI: map[wire.SPI]*record{}} }

// News takes what the engine reports. at is the time to show, and e the event that others are told of it; messages need none.
func (s *Store) News(n ike.News, at time.Time, e api.Event) {
	r := s.recordOf(&n, at)
	if r == nil {
		return
	}
	s.octets[r.class] -= r.octets
	r.name(&n)
	switch n.Kind {
	case ike.NewsMessageSent, ike.NewsMessageReceived:
		r.message(&n, at)
	case ike.NewsRetransmitted:
		r.repeated(&n, at)
	case ike.NewsDropped:
		r.dropped(&n, at)
	default:
		r.happened(&n, at, e)
	}
	s.octets[r.class] += r.octets
	s.follow(r, &n)
	s.bound(r)
}

// recordOf finds the record that news belong to, or begins one. News that belong to none are not kept, unless they tell of a failure.
func (s *Store) recordOf(n *ike.News, at time.Time) *record {
	if n.Kind.OfMessage() && n.Traced == nil {
		return nil
	}
	if r := s.bySPI[n.SA]; r != nil && n.SA != 0 {
		return r
	}
	switch {
	case n.Kind == ike.NewsConnecting, n.Kind == ike.NewsMessageReceived && n.Traced.Exchange == wire.ExchangeSAInit && !n.Traced.IsResponse():
		return s.begin(n, at)
	case n.Failure != nil && n.Kind == ike.NewsFailure && n.SA == 0 && n.Traced != nil:
		r := s.begin(n, at)
		r.refused(n, at)
		return r
	case n.Failure != nil && n.Kind == ike.NewsClosed:
		return s.begin(n, at)
	}
	return nil
}

// begin makes a record. An attempt of ours is one of a peer that we know.
func (s *Store) begin(n *ike.News, at time.Time) *record {
	s.last++
	r := &record{id: s.last, started: at, initiator: n.Initiator, outcome: api.TraceRunning, network: networkOf(n.Path.Remote.Addr()), octets: recordOctets}
	r.name(n)
	if n.Initiator {
		r.class = known
	}
	if n.SA != 0 {
		r.spis = []wire.SPI{n.SA}
		s.bySPI[n.SA] = r
	}
	s.insert(r)
	return r
}

// Failed keeps an attempt that has failed before there was anybody to talk to.
func (s *Store) Failed(connection string, remote netip.AddrPort, e api.Event) {
	s.last++
	r := &record{id: s.last, class: known, connection: connection, started: e.Time, ended: e.Time, initiator: true, remote: remote,
		outcome: api.TraceFailed, failure: e.Problem, octets: recordOctets}
	m := mark{TraceMark: api.TraceMark{Time: e.Time, Kind: api.EventFailure, Text: e.Problem.Detail, Problem: e.Problem}}
	m.finding = &finding{Code: e.Problem.Code, Text: e.Problem.Detail, settings: settings{Connection: connection}}
	r.mark(m)
	s.insert(r)
}

// insert adds a record to its class, and pushes others like it out.
func (s *Store) insert(r *record) {
	s.lists[r.class] = append(s.lists[r.class], r)
	s.octets[r.class] += r.octets
	for s.alike(r) > s.limits[r.class].each && s.pushOut(r, func(o *record) bool { return o.alike(r) }) {
	}
	s.bound(r)
}

// follow does what news mean for the place of a record: whose it is, and by which SPIs it is found.
func (s *Store) follow(r *record, n *ike.News) {
	switch {
	case n.Kind == ike.NewsRekeyed:
		if old := s.bySPI[n.Successor]; old != r && n.Successor != 0 {
			r.spis = append(r.spis, n.Successor)
			s.bySPI[n.Successor] = r
		}
	case n.Kind == ike.NewsClosed:
		delete(s.bySPI, n.SA)
	case n.Kind == ike.NewsEstablished:
		s.promote(r, known)
	case n.Kind == ike.NewsMessageReceived && n.Traced.Exchange != wire.ExchangeSAInit && r.class == stranger:
		s.promote(r, present)
	}
}

// promote moves a record to a class whose members it can no longer be pushed out by.
func (s *Store) promote(r *record, to class) {
	if r.class >= to {
		return
	}
	s.remove(r)
	r.class = to
	s.insert(r)
}

func (s *Store) remove(r *record) {
	list := &s.lists[r.class]
	*list = slices.DeleteFunc(*list, func(o *record) bool { return o == r })
	s.octets[r.class] -= r.octets
}

// bound pushes records out until the class of one is within its bounds; that one stays.
func (s *Store) bound(stays *record) {
	c := stays.class
	for (len(s.lists[c]) > s.limits[c].total || s.octets[c] > s.limits[c].octets) && s.pushOut(stays, func(*record) bool { return true }) {
	}
}

// alike counts the records that share a bound with one.
func (s *Store) alike(r *record) int {
	n := 0
	for _, o := range s.lists[r.class] {
		if o.alike(r) {
			n++
		}
	}
	return n
}

func (r *record) alike(o *record) bool {
	if r.class == known {
		return r.connection == o.connection
	}
	return r.network == o.network
}

// pushOut forgets the oldest record of some in the class of one that stays: the oldest that has ended, or else the oldest.
func (s *Store) pushOut(stays *record, of func(*record) bool) bool {
	list := s.lists[stays.class]
	i := slices.IndexFunc(list, func(r *record) bool { return r != stays && of(r) && !r.ended.IsZero() })
	if i < 0 {
		i = slices.IndexFunc(list, func(r *record) bool { return r != stays && of(r) })
	}
	if i < 0 {
		return false
	}
	r := list[i]
	s.remove(r)
	for _, spi := range r.spis {
		if s.bySPI[spi] == r {
			delete(s.bySPI, spi)
		}
	}
	return true
}

// networkOf is what one stranger can have of addresses: one of IPv4, a site of IPv6.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 56
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// List returns all traces, the newest first; those of one connection if it is named.
func (s *Store) List(connection string) []api.TraceSummary {
	list := []api.TraceSummary{}
	for _, records := range s.lists {
		for _, r := range records {
			if connection == "" || r.connection == connection {
				list = append(list, r.summary())
			}
		}
	}
	slices.SortFunc(list, func(a, b api.TraceSummary) int { return compareIDs(b.ID, a.ID) })
	return list
}

func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Get returns one trace.
func (s *Store) Get(id string) (api.Trace, bool) {
	r := s.find(id)
	if r == nil {
		return api.Trace{}, false
	}
	return r.view(), true
}

func (s *Store) find(id string) *record {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil
	}
	for _, records := range s.lists {
		for _, r := range records {
			if r.id == n {
				return r
			}
		}
	}
	return nil
}

func idText(id uint64) string { return strconv.FormatUint(id, 10) }

func spiText(spi wire.SPI) string {
	if spi == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(spi))
}

// outcomeOf tells how a record ends.
func outcomeOf(f *ike.Failure, up bool) api.TraceOutcome {
	switch {
	case f == nil, up && f.Code == explain.IKEPeerDeleted:
		return api.TraceClosed
	}
	return api.TraceFailed
}
