package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

// A side is what one node is able and willing to do about quantum computers.
type side struct {
	name      string
	quantum   suite.PostQuantum
	offer     string // the IKE proposal before its mode is applied
	ppk       bool
	required  bool // the PPK
	exchange  ike.PPKExchange
	downgrade bool // does without the authentication of the whole transcript
}

// Key exchanges that two sides may come to, the weakest first.
const (
	classical = iota
	hybrid    // ML-KEM-768 in addition
	threefold // and one more
)

const optionalKE = fastIKE + "-ke1_mlkem768-ke1_none-ke2_ecp256-ke2_none"

// sides are all combinations.
func sides() (list []side) {
	for _, key := range []side{{name: "off", quantum: suite.PostQuantumOff, offer: fastIKE}, {name: "prefer", offer: fastIKE},
		{name: "require", quantum: suite.PostQuantumRequire, offer: fastIKE}, {name: "optional ADDKE1 and ADDKE2", offer: optionalKE}} {
		for _, ppk := range []side{{}, {name: ", PPK", ppk: true}, {name: ", PPK required", ppk: true, required: true},
			{name: ", PPK in IKE_AUTH", ppk: true, exchange: ike.PPKAuth},
			{name: ", PPK in IKE_INTERMEDIATE required", ppk: true, required: true, exchange: ike.PPKIntermediate}} {
			for _, downgrade := range []bool{false, true} {
				s := side{key.name + ppk.name, key.quantum, key.offer, ppk.ppk, ppk.required, ppk.exchange, downgrade}
				if downgrade {
					s.name += ", no transcript"
				}
				list = append(list, s)
			}
		}
	}
	return list
}

// mode is what the proposals are made with. A PPK in IKE_INTERMEDIATE does what is required as well.
func (s side) mode() suite.PostQuantum {
	if s.quantum == suite.PostQuantumRequire && s.ppk && s.exchange != ike.PPKAuth {
		return suite.PostQuantumPrefer
	}
	return s.quantum
}

func (s side) apply(c *ike.Connection) {
	c.PostQuantum, c.AllowDowngrade = s.quantum, s.downgrade
	c.Proposals = suite.WithPostQuantum([]wire.Proposal{proposal(wire.ProtocolIKE, s.offer, "")}, s.mode())
	c.PPKRequired, c.PPKExchange = s.required, s.exchange
	if s.ppk {
		c.PPKs = []auth.PPK{presharedKey("first")}
	}
	mode := suite.PostQuantumPrefer
	if s.quantum == suite.PostQuantumOff {
		mode = s.quantum
	}
	for i, child := range c.Children {
		changed := *child
		changed.Proposals = suite.WithPostQuantum(child.Proposals, mode)
		c.Children[i] = &changed
	}
}

// takes tells which key exchanges a side agrees to.
func (s side) takes(keys int) bool {
	switch {
	case s.offer == optionalKE:
		return true
	case s.mode() == suite.PostQuantumRequire:
		return keys == hybrid
	case s.mode() == suite.PostQuantumOff:
		return keys == classical
	}
	return keys <= hybrid
}

// An agreement is what two sides are to come to.
type agreement struct {
	up   bool
	keys int
	ppk  string // how it is used; empty: not
}

// strongest is the best that two sides have in common. Without any they fail, which only happens if one of them requires
// something.
func strongest(a, b side) (best agreement) {
	best.keys = -1
	for keys := classical; keys <= threefold; keys++ {
		if a.takes(keys) && b.takes(keys) {
			best.keys = keys
		}
	}
	switch {
	case !a.ppk || !b.ppk:
	case a.exchange != ike.PPKAuth && b.exchange != ike.PPKAuth:
		best.ppk = "by IKE_INTERMEDIATE"
	case a.exchange != ike.PPKIntermediate && b.exchange != ike.PPKIntermediate:
		best.ppk = "by IKE_AUTH"
	}
	resistant := best.keys > classical || best.ppk == "by IKE_INTERMEDIATE"
	best.up = best.keys >= classical && (best.ppk != "" || !a.required && !b.required) &&
		(resistant || a.quantum != suite.PostQuantumRequire && b.quantum != suite.PostQuantumRequire)
	return best
}

// married returns two nodes that run, each with its side. What else there is to choose is drawn.
func married(l *Lab, left, right side) (a, b *Node, conn string) {
	a, b = l.NewNode("a", addrA), l.NewNode("b", addrB)
	conn = l.Marry(a, b, Terms{ESP: FastPFS})
	for i, n := range []*Node{a, b} {
		n.Up.Delay, n.Down.Delay = 5*time.Millisecond, 5*time.Millisecond
		c := *n.conns[0]
		c.Children = slices.Clone(c.Children)
		[]side{left, right}[i].apply(&c)
		c.Fragmentation = []ike.Fragmentation{ike.FragmentYes, ike.FragmentNo, ike.FragmentForce}[l.chance.IntN(3)]
		c.Childless = []ike.Childless{ike.ChildlessAllow, ike.ChildlessPrefer, ike.ChildlessNever}[l.chance.IntN(3)]
		c.WindowSize = 1 + l.chance.IntN(3)
		n.Configure(&c)
		n.Start()
	}
	return a, b, conn
}

// status returns what a node's only established IKE SA is; ok is false if there is none.
func (n *Node) status() (found ike.SAStatus, ok bool) {
	for _, s := range n.core.shards {
		for _, sa := range s.Status() {
			if sa.State == ike.StateEstablished {
				found, ok = sa, true
			}
		}
	}
	return found, ok
}

// Each side with and without each feature: the two come to the strongest that both have, and fail only where one of them
// requires what the other one does not have.
func TestEveryPairOfSidesAgreesOnTheStrongest(t *testing.T) {
	all := sides()
	for i, left := range all {
		t.Run(left.name, func(t *testing.T) {
			t.Parallel()
			for j, right := range all {
				if testing.Short() && (i+j)%3 != 0 {
					continue
				}
				retell(t, uint64(i*len(all)+j+1), left.name+" to "+right.name, func(l *Lab) { comeToTerms(l, left, right) })
			}
		})
	}
}

func comeToTerms(l *Lab, left, right side) {
	a, b, conn := married(l, left, right)
	want := strongest(left, right)
	if !want.up && !left.required && !right.required && left.quantum != suite.PostQuantumRequire && right.quantum != suite.PostQuantumRequire {
		l.Problem("the test expects a failure although nothing is required")
	}
	l.bringUp(a, conn)
	if !want.up {
		l.Run(15 * time.Second)
		for _, n := range l.Nodes() {
			if _, up := n.status(); up {
				l.Problem("%s is up", n.Name)
			}
		}
		return
	}
	l.up(a, b, conn)
	l.checkAgreement(a, b, want)
	for _, n := range l.Nodes() {
		_ = n.Rekey(conn, false)
		l.Run(2 * time.Second)
		_ = n.Rekey(conn, true)
		l.Run(2 * time.Second)
		l.checkRekeyed(a, b, want, left, right)
	}
	l.probe(a, b, false)
}

// checkAgreement holds the initial IKE SA of both nodes against what they are to come to.
func (l *Lab) checkAgreement(a, b *Node, want agreement) {
	for _, n := range []*Node{a, b} {
		s, ok := n.status()
		means := strings.Join(s.Resistance.Means, "; ")
		if !ok || keysOf(s.Suite) != want.keys || !strings.Contains(means, want.ppk) || strings.Contains(means, "PPK") != (want.ppk != "") {
			l.Problem("%s has %s, by %q, want %+v", n.Name, s.Suite, means, want)
		}
		if s.Resistance.IKE != (want.keys > classical || want.ppk == "by IKE_INTERMEDIATE") || s.Resistance.Children != (want.keys > classical || want.ppk != "") {
			l.Problem("%s tells of resistance %+v, want %+v", n.Name, s.Resistance, want)
		}
	}
}

// checkRekeyed sees that nothing got weaker, and that children have the key exchanges that both sides can.
func (l *Lab) checkRekeyed(a, b *Node, want agreement, left, right side) {
	children := left.quantum != suite.PostQuantumOff && right.quantum != suite.PostQuantumOff
	for _, n := range []*Node{a, b} {
		s, ok := n.status()
		if !ok || keysOf(s.Suite) != want.keys || s.Resistance.Children != (want.keys > classical || want.ppk != "") {
			l.Problem("%s has after rekeying %s, %+v, want %+v", n.Name, s.Suite, s.Resistance, want)
		}
		for _, c := range n.Children("a-b") {
			if len(c.KeyExchanges) != 1+one(children) {
				l.Problem("%s has a child of %v", n.Name, c.KeyExchanges)
			}
		}
	}
}

// keysOf reads the key exchanges of a suite.
func keysOf(text string) int {
	return strings.Count(text, "-ke1_mlkem768") + strings.Count(text, "-ke2_ecp256")
}

func TestSidesThatRequireNothingAlwaysAgree(t *testing.T) {
	failures := 0
	for _, a := range sides() {
		for _, b := range sides() {
			requires := a.required || b.required || a.quantum == suite.PostQuantumRequire || b.quantum == suite.PostQuantumRequire
			if up := strongest(a, b).up; !up && !requires {
				t.Errorf("%s and %s", a.name, b.name)
			} else if !up {
				failures++
			}
		}
	}
	if fmt.Sprint(failures) == "0" {
		t.Error("nothing ever fails")
	}
}
