package ike

import (
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// Child SAs for single resources, such as processors (RFC 9611). The first Child SA of a policy is that of all resources; the
// others, equal to it but for their keys, belong to one each and are made when that resource has traffic. They share the
// policy of the first, come up and go unnoticed by the supervisor, and end with it.

// A peer may have more resources than we have, and both sides may begin at the same time: it is allowed twice ours, and
// never less than leastResourceSAs (RFC 9611, Section 6).
const leastResourceSAs = 16

// resourceRest is how long no further one is asked for after the peer has refused or deleted one: doing so at once might
// go on forever (RFC 9611, Section 6).
const resourceRest = time.Minute

// forResource tells whether the child belongs to a single resource.
func (c *Child) forResource() bool { return c.resource > 0 }

// resources returns the living children of single resources beside a first one.
func (sa *SA) resources(first *Child) []*Child {
	var out []*Child
	for _, c := range sa.children {
		if c.policy == first.policy && c.forResource() && c.live() {
			out = append(out, c)
		}
	}
	return out
}

// firstOf returns the living child of all resources beside which one of a single resource was made, or nil.
func (sa *SA) firstOf(c *Child) *Child {
	if !c.forResource() {
		return nil
	}
	return sa.childWhere(func(o *Child) bool { return o.policy == c.policy && !o.forResource() && o.live() })
}

// forResource is the resource that the child to be made will belong to; 0: to all.
func (t *createChild) forResource() int {
	if t.old != nil {
		return t.old.resource
	}
	return t.resource
}

// proposals are what is offered: all that is configured, or the algorithms of the first Child SA beside it.
func (t *createChild) proposals() []wire.Proposal {
	if t.first != nil {
		return suite.Alike(t.config.Proposals, t.first.suite.Proposal)
	}
	return t.config.Proposals
}

// acquireResource asks for the Child SA of a resource that has traffic and none of its own.
func (sa *SA) acquireResource(n dataplane.Notice) {
	first := sa.childWhere(func(c *Child) bool { return c.policy == n.Policy && !c.forResource() && c.live() })
	if n.Resource > 0 && first != nil && sa.lacksResource(first, n.Resource) && !sa.asked(first, n.Resource) {
		sa.enqueue(&createChild{config: first.config, first: first, resource: n.Resource})
	}
}

// lacksResource tells whether a resource is to have a Child SA that it has not.
func (sa *SA) lacksResource(first *Child, resource int) bool {
	return first.perResource && first.state == childInstalled && sa.state == StateEstablished &&
		!sa.now.Before(first.resourcesFrom) && resource <= sa.env.Resources &&
		!slices.ContainsFunc(sa.resources(first), func(c *Child) bool { return c.resource == resource })
}

// asked tells whether the Child SA of a resource is being made.
func (sa *SA) asked(first *Child, resource int) bool {
	return slices.ContainsFunc(slices.Concat(sa.waiting(), sa.exchanges.children), func(t task) bool {
		o, is := t.(*createChild)
		return is && o.first == first && o.resource == resource
	})
}

// offerResource is the initiator's part for the Child SA of a resource: what was negotiated for the first (RFC 9611, Section 3).
func (sa *SA) offerResource(first *Child) childMessage {
	m := sa.offerAgain(first)
	m.perResource = true
	return m
}

// acceptResource holds the answer against the first Child SA: all are alike.
func acceptResource(first *Child, d *childDeal) error {
	if !d.perResource {
		return refuse(explain.IKEBadProposal, 0, "child %q: the peer makes another Child SA without saying that it is for a single resource", d.config.Name)
	}
	if !slices.Equal(d.local, first.local) || !slices.Equal(d.remote, first.remote) {
		return refuse(explain.IKETSUnacceptable, 0, "child %q: the peer answers with other traffic for a single resource than for all", d.config.Name)
	}
	return nil
}

// join makes an offer that is for a single resource one beside the first Child SA with its traffic, and returns the
// proposals that are possible then.
func (sa *SA) join(d *childDeal) ([]wire.Proposal, error) {
	if !d.perResource {
		return d.config.Proposals, nil
	}
	d.first = sa.childWhere(func(c *Child) bool {
		return c.perResource && !c.forResource() && c.live() && c.config.Name == d.config.Name && c.mode == d.mode &&
			slices.Equal(c.local, d.local) && slices.Equal(c.remote, d.remote)
	})
	if d.first == nil {
		return d.config.Proposals, nil
	}
	there := sa.resources(d.first)
	if limit := max(2*sa.env.Resources, leastResourceSAs); len(there) >= limit {
		return nil, refuse(explain.IKETooManyQueues, wire.NotifyTSMaxQueue, "child %q: the peer has %d Child SAs for single resources already", d.config.Name, limit)
	}
	d.resource = idlest(there, max(sa.env.Resources, 1))
	return suite.Alike(d.config.Proposals, d.first.suite.Proposal), nil
}

// idlest returns the resource, from 1 to n, with the fewest of the children (RFC 9611, Section 4).
func idlest(children []*Child, n int) int {
	load := make([]int, n)
	for _, c := range children {
		if c.resource <= n {
			load[c.resource-1]++
		}
	}
	return slices.Index(load, slices.Min(load)) + 1
}

// tooMany is the refusal of a request for a Child SA, if that is for a single resource: other Child SAs may still be possible
// (RFC 9611, Section 6).
func tooMany(in *inbound, why error) error {
	f := asFailure(why)
	if _, is := wire.FindNotify(in.payloads, wire.NotifySAResourceInfo); is && f.Notify == wire.NotifyNoAdditionalSAs {
		f.Code, f.Notify = explain.IKETooManyQueues, wire.NotifyTSMaxQueue
	}
	return f
}

// endResources deletes the Child SAs of single resources whose first one ends.
func (sa *SA) endResources(first *Child) {
	if first.forResource() {
		return
	}
	for _, c := range sa.resources(first) {
		sa.deleteChild(c, nil)
	}
}

// deletingResources is told that a child is about to be deleted. The traffic of a single resource returns to the child of all;
// with that one all others go.
func (sa *SA) deletingResources(c *Child) {
	switch {
	case c.forResource():
		sa.stopSending(c)
	case c.live():
		sa.endResources(c)
	}
}

// restResources asks for no further Child SA for a while.
func (sa *SA) restResources(first *Child) { first.resourcesFrom = sa.now.Add(resourceRest) }

// resourceFailed tells why a resource has no Child SA of its own. Its traffic goes on through that of all.
func (t *createChild) resourceFailed(sa *SA, why error) {
	sa.restResources(t.first)
	f := asFailure(why)
	sa.news(News{Kind: NewsWarning, Failure: refuse(f.Code, f.Notify, "no further Child SA for a single resource: %w", why)})
}
