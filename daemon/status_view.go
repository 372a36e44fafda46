package daemon

import (
	"cmp"
	"fmt"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/metrics"
	"culvert/trace"
)

// A view shows IKE SAs of one moment, the times of all of them by one reading of the clocks, which takes as long as to show one.
type view struct {
	*engine
	reading
	query   dataplane.Query
	carried *totals // grow by what children carry that are shown
}

func (e *engine) view(carried *totals) view { return view{e, e.clock.read(), e.backend.Query, carried} }

// wide is a view of many IKE SAs, whose counters are read in one go where that is cheaper.
func (e *engine) wide(carried *totals) view {
	v := e.view(carried)
	if b, ok := e.backend.(dataplane.Surveyor); ok {
		if query, err := b.Survey(); err == nil {
			v.query = query
		}
	}
	return v
}

// sa shows an IKE SA, and adds to the totals what its children have carried.
func (v view) sa(s *ike.SAStatus) api.SA {
	sa := api.SA{
		ID: s.ID, State: api.SAState(s.State.String()), Initiator: s.Initiator, SPI: spiText(s.LocalSPI), PeerSPI: spiText(s.RemoteSPI), Transport: "udp",
		Local:  api.Endpoint{Address: s.Path.Local.String(), ID: s.Local, NAT: s.LocalNAT},
		Remote: api.Endpoint{Address: s.Path.Remote.String(), ID: s.Remote, NAT: s.RemoteNAT},
		Suite:  s.Suite, Algorithms: algorithms(s.Transforms), Created: v.shown(s.Created), Established: v.when(s.Established), Rekey: v.when(s.Rekey), Reauth: v.when(s.Reauth),
		Children: []api.Child{}, PPK: s.PPK, Tasks: api.Tasks{Active: s.Tasks.Active, Queued: s.Tasks.Queued},
		IfIDIn: s.Interfaces.In.Number, IfIDOut: s.Interfaces.Out.Number,
	}
	if s.Path.Transport == dataplane.TransportTCP {
		sa.Transport = "tcp"
	}
	if s.Connection != nil {
		sa.Connection = s.Connection.Name
	}
	if !s.Established.IsZero() {
		sa.Quantum = &api.Quantum{IKE: s.Resistance.IKE, Children: s.Resistance.Children, Means: append([]string{}, s.Resistance.Means...)}
	}
	if p := s.Proof; p != nil {
		sa.Local.Auth, sa.Remote.Auth = p.Local, p.Remote
		if id := p.IKEIdentity.String(); id != s.Remote {
			sa.Remote.IKEID = id
		}
	}
	if p := v.sessions.of(s.LocalSPI); p != nil {
		sa.User, sa.Groups, sa.Session = p.user, p.groups, p.session
	}
	for _, p := range s.Assigned.Addresses {
		sa.VirtualIPs = append(sa.VirtualIPs, p.Addr().String())
	}
	for _, a := range s.Assigned.DNS {
		sa.DNS = append(sa.DNS, a.String())
	}
	for _, p := range s.Assigned.Subnets {
		sa.Subnets = append(sa.Subnets, p.String())
	}
	for _, a := range s.Assigned.Others {
		sa.Attributes = append(sa.Attributes, api.Attribute{Name: a.Type.String(), Value: trace.AttributeText(a)})
	}
	for _, a := range s.Leases {
		sa.Leases = append(sa.Leases, a.String())
	}
	for i := range s.Children {
		c := &s.Children[i]
		child := v.child(c, s.ESP)
		v.carried.book(metrics.Owner{Connection: sa.Connection, Child: c.Name, Peer: s.Remote}, &child)
		if c.State != lingering {
			sa.Children = append(sa.Children, child)
		}
	}
	return sa
}

// brief shows what sums are made of, and adds to the totals what children have carried that count in them. It uses the memory of sa again.
func (v view) brief(s *ike.SAStatus, sa *api.SA) {
	*sa = api.SA{State: api.SAState(s.State.String()), Established: v.when(s.Established), Children: sa.Children[:0]}
	if s.Connection != nil {
		sa.Connection = s.Connection.Name
	}
	if sa.Established != nil {
		sa.Quantum = &api.Quantum{IKE: s.Resistance.IKE, Children: s.Resistance.Children}
	}
	for i := range s.Children {
		c := &s.Children[i]
		child := api.Child{State: api.ChildState(c.State), In: v.traffic(dataplane.Inbound, c.InSPI, c.Policy), Out: v.traffic(dataplane.Outbound, c.OutSPI, c.Policy)}
		if c.State != lingering {
			sa.Children = append(sa.Children, child)
		}
	}
}

// reqid is what policy and SAs of a child share: what is configured, else the number of the host, else ours.
func (e *engine) reqid(id dataplane.PolicyID, configured uint32) uint32 {
	if configured != 0 {
		return configured
	}
	if b, ok := e.backend.(dataplane.Identifier); ok {
		return cmp.Or(b.ReqID(id), uint32(id))
	}
	return uint32(id)
}

// lingering children are gone for both sides; only late packets may still come in through them.
const lingering = "lingering"

func (v view) child(c *ike.ChildInfo, transport dataplane.Transport) api.Child {
	child := api.Child{
		ID: c.ID, Reqid: v.reqid(c.Policy, c.ReqID), Name: c.Name, State: api.ChildState(c.State), Mode: "tunnel", Encapsulation: "udp",
		InSPI: fmt.Sprintf("%08x", c.InSPI), OutSPI: fmt.Sprintf("%08x", c.OutSPI), Suite: c.Suite, Algorithms: algorithms(c.Transforms), Resource: c.Resource,
		KeyExchanges: append([]string{}, c.KeyExchanges...), PPK: c.PPK,
		Local: selectorTexts(c.Local), Remote: selectorTexts(c.Remote),
		Created: v.shown(c.Created), Rekey: v.when(c.Rekey), Expire: v.when(c.Expire),
		In:     v.traffic(dataplane.Inbound, c.InSPI, c.Policy),
		Out:    v.traffic(dataplane.Outbound, c.OutSPI, c.Policy),
		MTU:    v.mtu(c.OutSPI, c.Policy),
		MarkIn: mark(c.Kernel.MarkIn), MarkOut: mark(c.Kernel.MarkOut), IfIDIn: c.Kernel.IfIDIn.Number, IfIDOut: c.Kernel.IfIDOut.Number,
	}
	child.IPTFSDeclined = c.Unhidden
	if c.AggFrag != nil {
		child.In.IPTFS = iptfsStatus(child.In.IPTFS, c.AggFrag.Sending)
		child.Out.IPTFS = iptfsStatus(child.Out.IPTFS, c.AggFrag.Sending)
	}
	if c.Mode == esp.Transport {
		child.Mode = "transport"
	}
	switch transport {
	case dataplane.TransportRaw:
		child.Encapsulation = "esp"
	case dataplane.TransportTCP:
		child.Encapsulation = "tcp"
	}
	return child
}

// mark shows the mark that packets of a child have; nil: any.
func mark(m dataplane.Mark) *api.Mark {
	if m == (dataplane.Mark{}) {
		return nil
	}
	return &api.Mark{Value: m.Value, Mask: m.Mask}
}

// traffic reads the counters of an SA; one that has just gone has none.
func (v view) traffic(dir dataplane.Direction, spi uint32, policy dataplane.PolicyID) api.Traffic {
	c, err := v.query(dir, spi, policy)
	if err != nil {
		return api.Traffic{}
	}
	v.carried.add(dir, c)
	t := api.Traffic{Bytes: c.Bytes, Packets: c.Packets, IPTFS: iptfsTraffic(c.Traffic)}
	if c.LastUse != 0 {
		last := time.Unix(0, c.LastUse)
		t.LastUse = &last
	}
	return t
}

// mtu shows how large packets of a child may be, nil if the data plane does not tell.
func (e *engine) mtu(spi uint32, policy dataplane.PolicyID) *api.MTU {
	b, ok := e.backend.(dataplane.PathTeller)
	if !ok {
		return nil
	}
	m, ok := b.MTU(spi, policy)
	if !ok {
		return nil
	}
	return &api.MTU{Effective: m.Inner, Path: m.Path, Source: m.Source.String()}
}

// when shows a time of the engine that may be missing.
func (v view) when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = v.shown(t)
	return &t
}
