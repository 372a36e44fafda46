package xfrm

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// A claim is what one policy of ours wants of one selector of the kernel.
type claim struct {
	owner     dataplane.PolicyID
	priority  int
	age       uint64 // of the policy: the older go first
	specific  int
	receiving bool // inbound SAs of the policy may deliver
	policy    nl.Policy
}

// before tells whether c applies rather than o.
func (c *claim) before(o *claim) int {
	return cmp.Or(cmp.Compare(o.priority, c.priority), cmp.Compare(o.specific, c.specific), cmp.Compare(c.age, o.age))
}

// policyStore is the part of the kernel that holds policies.
type policyStore interface {
	SetPolicy(*nl.Policy) error
	DeletePolicy(*nl.PolicyID) error
}

// A database holds the claims of all policies. The kernel has one policy for a name (direction, selector, mark, interface):
// that of the first claim.
type database struct {
	kernel policyStore
	claims map[nl.PolicyID][]claim // in their order
	shown  map[nl.PolicyID]nl.Policy
	bands  bands
}

func newDatabase(k policyStore) *database {
	return &database{kernel: k, claims: make(map[nl.PolicyID][]claim), shown: make(map[nl.PolicyID]nl.Policy)}
}

// replace puts the claims of a policy in the place of those that it had. New ones come before old ones go, so that no packet
// finds nothing. After an error the kernel may have part of them; the caller replaces them once more.
func (d *database) replace(id dataplane.PolicyID, old, list []claim) error {
	moved := false
	for i := range list {
		moved = d.bands.use(list[i].priority) || moved
	}
	touched := make([]nl.PolicyID, 0, len(list))
	seen := make(map[nl.PolicyID]bool, len(list))
	for i := range list {
		touched = append(touched, list[i].policy.PolicyID)
		seen[list[i].policy.PolicyID] = true
		d.put(&list[i])
	}
	for i := range old {
		name := old[i].policy.PolicyID
		if !seen[name] {
			d.drop(name, id)
			touched = append(touched, name)
		}
		d.bands.leave(old[i].priority)
	}
	var errs []error
	for _, name := range touched {
		errs = append(errs, d.show(name))
	}
	if moved {
		errs = append(errs, d.showAll())
	}
	return errors.Join(errs...)
}

// put adds a claim, in place of the one that its owner had.
func (d *database) put(c *claim) {
	name := c.policy.PolicyID
	d.drop(name, c.owner)
	at, _ := slices.BinarySearchFunc(d.claims[name], c, func(a claim, b *claim) int { return a.before(b) })
	d.claims[name] = slices.Insert(d.claims[name], at, *c)
}

func (d *database) drop(name nl.PolicyID, id dataplane.PolicyID) {
	left := slices.DeleteFunc(d.claims[name], func(c claim) bool { return c.owner == id })
	if len(left) == 0 {
		delete(d.claims, name)
		return
	}
	d.claims[name] = left
}

// showAll gives the kernel all policies whose priority has changed.
func (d *database) showAll() error {
	var errs []error
	for name := range d.claims {
		errs = append(errs, d.show(name))
	}
	return errors.Join(errs...)
}

// show brings the kernel's policy of a name in step with the first claim.
func (d *database) show(name nl.PolicyID) error {
	list := d.claims[name]
	if len(list) == 0 {
		if _, there := d.shown[name]; !there {
			return nil
		}
		delete(d.shown, name)
		return absent(d.kernel.DeletePolicy(&name))
	}
	first := list[0].policy
	first.Priority = d.bands.number(list[0].priority, list[0].specific)
	if name.Direction != nl.PolicyOut && deliverers(list) > 1 {
		first.Templates = slices.Clone(first.Templates)
		for i := range first.Templates {
			first.Templates[i].ReqID = 0
		}
	}
	if old, there := d.shown[name]; there && reflect.DeepEqual(old, first) {
		return nil
	}
	if err := d.kernel.SetPolicy(&first); err != nil {
		return err
	}
	d.shown[name] = first
	return nil
}

// deliverers counts the policies whose inbound SAs may deliver. Where there are several, as while one child takes over from
// another, the kernel's one policy takes the packets of any SA.
func deliverers(list []claim) (n int) {
	for i := range list {
		if list[i].receiving {
			n++
		}
	}
	return n
}
