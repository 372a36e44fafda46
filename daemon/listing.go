package daemon

import (
	"context"

	"culvert/api"
	"culvert/ike"
	"culvert/metrics"
)

// The limits of lists of IKE SAs: how many are asked for in one go, and how many lists are gone on with at a time. No shard is kept from its
// peers for longer than the former take, and no number of clients makes more garbage than the latter do.
const (
	sasAtOnce     = 16
	listersAtOnce = 2
)

// A listing is where a list of the IKE SAs of all shards stands.
type listing struct {
	*Daemon
	shard int
	place ike.Listing
}

// List begins a list of the IKE SAs.
func (d *Daemon) List() api.Listing { return &listing{Daemon: d} }

// Next hands over some more of them.
func (g *listing) Next(ctx context.Context, each func(*api.SA)) (more bool, err error) {
	g.useLoaded()
	select {
	case g.engine.listers <- struct{}{}:
		defer func() { <-g.engine.listers }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	for g.shard < len(g.engine.shards) {
		list, err := g.part(ctx)
		if err != nil {
			return false, err
		}
		if len(list) > 0 {
			g.show(list, each)
			return true, nil
		}
		g.shard, g.place = g.shard+1, ike.Listing{}
	}
	return false, nil
}

// part asks the shard for the next ones. The place is its own until it has answered, also when nobody waits for that any more.
func (g *listing) part(ctx context.Context) ([]ike.SAStatus, error) {
	l, place := g.engine.shards[g.shard], g.place
	ask := l.look
	if place == (ike.Listing{}) {
		ask = l.ask // what was there when the list was begun is in it
	}
	var list []ike.SAStatus
	if err := ask(ctx, func() { list = l.shard.List(&place, sasAtOnce) }); err != nil {
		return nil, err
	}
	g.place = place
	return list, nil
}

func (g *listing) show(list []ike.SAStatus, each func(*api.SA)) {
	unheeded := totals{owned: metrics.Carried{Children: map[metrics.Pair]metrics.Traffic{}}}
	v := g.engine.view(&unheeded)
	for i := range list {
		sa := v.sa(&list[i])
		each(&sa)
	}
}
