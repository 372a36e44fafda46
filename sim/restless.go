package sim

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"culvert/ike"
)

// The engine does not tell strangers what it keeps for exchanges under way, so the laboratory looks for itself.

// restless lists what is under way in a node's engine.
func (n *Node) restless() (found []error) {
	if n.core.working > 0 {
		found = append(found, fmt.Errorf("%d works are under way", n.core.working))
	}
	for i, s := range n.core.shards {
		if s.HalfOpen() > 0 {
			found = append(found, fmt.Errorf("shard %d has %d half-open IKE SAs", i, s.HalfOpen()))
		}
		eachSA(s, func(sa reflect.Value) {
			if err := restlessSA(sa); err != nil {
				found = append(found, fmt.Errorf("IKE SA %x: %w", peek(sa, "spiI").Uint(), err))
			}
		})
	}
	return found
}

// eachSA calls f with every IKE SA of a shard.
func eachSA(s *ike.Shard, f func(reflect.Value)) {
	list := peek(reflect.ValueOf(s), "slots.list")
	for i := range list.Len() {
		if sa := list.Index(i).FieldByName("sa"); !sa.IsNil() {
			f(sa.Elem())
		}
	}
}

// underWay are the fields of an IKE SA that are empty when it rests.
func underWay() []string {
	return []string{"requests.begun", "requests.pending", "tasks", "work", "fragments", "initial", "actions",
		"exchanges.children", "exchanges.answering", "exchanges.rekey", "exchanges.successor", "exchanges.predecessor", "exchanges.retries", "exchanges.pending"}
}

func restlessSA(sa reflect.Value) error {
	var found []error
	for _, field := range underWay() {
		if v := peek(sa, field); v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
			if v.Len() > 0 {
				found = append(found, fmt.Errorf("%s holds %d", field, v.Len()))
			}
		} else if !v.IsZero() {
			found = append(found, fmt.Errorf("%s is not empty", field))
		}
	}
	return errors.Join(found...)
}

// peek follows field names from a struct or a pointer to one.
func peek(v reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		v = reflect.Indirect(v).FieldByName(name)
	}
	return v
}

// CheckEmpty sees to it that nothing is left of all the SAs that there were: every node was asked to take its connections
// down, and has settled.
func (l *Lab) CheckEmpty() {
	for _, n := range l.nodes {
		if !n.Running() {
			continue
		}
		census := n.core.plane.Census()
		if census.Policies -= len(n.core.standing); census.SPIs+census.Inbound+census.Outbound+census.Policies > 0 {
			l.Problem("%s is down and its data plane holds %+v", n.Name, census)
		}
		for i, s := range n.core.shards {
			if s.Len() > 0 || s.HalfOpen() > 0 || !s.Deadline().IsZero() {
				l.Problem("%s is down and shard %d holds %d IKE SAs, %d half-open, deadline %v", n.Name, i, s.Len(), s.HalfOpen(), s.Deadline())
			}
			n.checkLeft(fmt.Sprintf("shard %d", i), reflect.ValueOf(s), "inits", "children", "policies", "peers", "half.byPrefix", "slots.due")
		}
		n.checkLeft("supervisor", reflect.ValueOf(n.core.supervisor), "sas", "replaces")
	}
}

// checkLeft notes what is left in maps and slices.
func (n *Node) checkLeft(what string, v reflect.Value, fields ...string) {
	for _, field := range fields {
		if left := peek(v, field).Len(); left > 0 {
			n.lab.Problem("%s is down and its %s holds %d in %s", n.Name, what, left, field)
		}
	}
}
