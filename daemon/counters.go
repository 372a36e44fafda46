package daemon

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// countersReset remembers where counters of IKE stood when somebody reset them; "" is everything together. The engine's own never
// fall. It is safe for concurrent use.
type countersReset struct {
	mu   sync.Mutex
	from map[string]ike.Stats
}

// counted asks every shard for its counters, by connection; "" is everything together.
func (e *engine) counted(ctx context.Context) (map[string]ike.Stats, error) {
	sum := map[string]ike.Stats{}
	add := func(name string, s ike.Stats) {
		so := sum[name]
		so.Add(s)
		sum[name] = so
	}
	for _, l := range e.shards {
		err := l.ask(ctx, func() {
			add("", l.shard.Stats())
			for name, s := range l.shard.ConnectionStats() {
				add(name, s)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return sum, nil
}

// picked are the names that a question is about.
func picked(sum map[string]ike.Stats, connection string, all bool) []string {
	if all {
		return slices.Sorted(maps.Keys(sum)) // "" comes first
	}
	return []string{connection}
}

// IKECounters returns counters of IKE since they were reset.
func (d *Daemon) IKECounters(ctx context.Context, connection string, all bool) ([]api.IKECounters, error) {
	sum, err := d.engine.counted(ctx)
	if err != nil {
		return nil, err
	}
	r := &d.engine.reset
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []api.IKECounters
	for _, name := range picked(sum, connection, all) {
		if s := sum[name].Since(r.from[name]); name == "" || s != (ike.Stats{}) {
			list = append(list, api.IKECounters{Connection: name, Counts: ikeCounts(&s)})
		}
	}
	if len(list) == 0 {
		return nil, noCounters(connection)
	}
	return list, nil
}

// ResetIKECounters has counters of IKE begin at 0.
func (d *Daemon) ResetIKECounters(ctx context.Context, connection string, all bool) error {
	sum, err := d.engine.counted(ctx)
	if err != nil {
		return err
	}
	r := &d.engine.reset
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range picked(sum, connection, all) {
		if _, ok := sum[name]; !ok {
			return noCounters(name)
		}
		r.from[name] = sum[name]
	}
	return nil
}

func noCounters(connection string) error {
	return api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "connection %q has counted nothing", connection)
}

// ikeCounts names counters as strongSwan does, in its order.
func ikeCounts(s *ike.Stats) []api.IKECount {
	invalid := s.Dropped[ike.DropMalformed] + s.Dropped[ike.DropVersion] + s.Dropped[ike.DropLength] + s.Dropped[ike.DropFlags] + s.Dropped[ike.DropIntegrity]
	list := []api.IKECount{
		{Name: "ike-rekey-init", Value: s.RekeyedByUs}, {Name: "ike-rekey-resp", Value: s.RekeyedByPeer}, {Name: "child-rekey", Value: s.RekeyedChildren},
		{Name: "invalid", Value: invalid}, {Name: "invalid-spi", Value: s.Dropped[ike.DropUnknownSPI]},
	}
	for _, x := range [...]struct {
		name     string
		exchange wire.ExchangeType
	}{{"ike-init", wire.ExchangeSAInit}, {"ike-auth", wire.ExchangeAuth}, {"create-child", wire.ExchangeCreateChildSA}, {"info", wire.ExchangeInformational}} {
		request, response := ike.ExchangeKind(x.exchange, false), ike.ExchangeKind(x.exchange, true)
		list = append(list,
			api.IKECount{Name: x.name + "-in-req", Value: s.Received[request]}, api.IKECount{Name: x.name + "-in-resp", Value: s.Received[response]},
			api.IKECount{Name: x.name + "-out-req", Value: s.Sent[request]}, api.IKECount{Name: x.name + "-out-resp", Value: s.Sent[response]})
	}
	return list
}
