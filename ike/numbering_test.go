package ike

import (
	"testing"

	"culvert/dataplane"
)

// testNumbers hands out 1 and up.
func testNumbers() func() uint32 {
	var n uint32
	return func() uint32 { n++; return n }
}

func TestNumbersOfAChildSALiveAsLongAsItsSuccessors(t *testing.T) {
	l := oneChild(t, func(a, _ *Connection) {
		a.Children[0].Kernel = dataplane.Kernel{MarkIn: dataplane.Mark{Mask: 0xff, Choice: dataplane.PerDirection}, MarkOut: dataplane.Mark{Mask: 0xff, Choice: dataplane.PerDirection}}
	})
	sa := l.a.only(t)
	want := dataplane.Kernel{MarkIn: dataplane.Mark{Value: 1, Mask: 0xff}, MarkOut: dataplane.Mark{Value: 2, Mask: 0xff}}
	check := func(when string) {
		t.Helper()
		for _, c := range l.a.only(t).Children() {
			if c.Kernel != want {
				t.Errorf("%s: %+v", when, c.Kernel)
			}
		}
	}
	check("at first")
	l.do(l.a, Command{SA: sa.LocalSPI(), Event: RekeyChild{SPI: sa.children[0].inSPI}})
	check("rekeyed by us")
	l.do(l.b, Command{SA: l.b.only(t).LocalSPI(), Event: RekeyChild{SPI: l.b.only(t).children[0].inSPI}})
	check("rekeyed by the peer")
	plane := l.planes[l.a]
	if in := plane.in[l.child(l.a).inSPI]; in.Kernel != want || plane.out[1][0].Kernel != want || plane.policies[1].Kernel != want {
		t.Errorf("the data plane has %+v, %+v and %+v", in.Kernel, plane.out[1][0].Kernel, plane.policies[1].Kernel)
	}
}

func TestInterfacesOfAnIKESAAreThoseOfItsChildren(t *testing.T) {
	l := oneChild(t, func(a, _ *Connection) {
		a.IfIDIn, a.IfIDOut = dataplane.InterfaceID{Choice: dataplane.Unique}, dataplane.InterfaceID{Number: 77}
	})
	sa := l.a.only(t)
	want := Interfaces{dataplane.InterfaceID{Number: 1}, dataplane.InterfaceID{Number: 77}}
	l.lossless = false
	l.do(l.a, Command{SA: sa.LocalSPI(), Event: RekeyIKE{}})
	l.do(l.a, Command{SA: l.a.only(t).LocalSPI(), Event: CreateChild{Child: l.a.only(t).conn.Children[0]}})
	status := l.a.only(t).Status()
	if status.Interfaces != want || len(status.Children) != 2 {
		t.Errorf("%d children, IKE SA %+v", len(status.Children), status.Interfaces)
	}
	for _, c := range status.Children {
		if (Interfaces{c.Kernel.IfIDIn, c.Kernel.IfIDOut}) != want {
			t.Errorf("child %+v", c.Kernel)
		}
	}
}

func TestNumbersStayWhenAnIKESATakesThePlaceOfAnother(t *testing.T) {
	unique := dataplane.Mark{Mask: 0xff, Choice: dataplane.Unique}
	n, a, b := gateways(t, func(a, b *Connection) {
		a.IfIDIn = dataplane.InterfaceID{Choice: dataplane.Unique}
		a.Children, b.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}, []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
		a.Children[0].Kernel.MarkIn = unique
	})
	l := newLabOf(t, n, a, b)
	old := dataplane.Kernel{MarkIn: dataplane.Mark{Value: 77, Mask: 0xff}, IfIDIn: dataplane.InterfaceID{Number: 78}}
	ev := initiate(a)
	ev.Heritage = Heritage{Interfaces: Interfaces{In: old.IfIDIn}, Children: map[string]dataplane.Kernel{"net": old}}
	n.do(a, ev)
	l.do(a, Command{SA: a.only(t).LocalSPI(), Event: CreateChild{Child: a.only(t).conn.Children[0]}})
	children := a.only(t).Children()
	if len(children) != 2 || children[0].Kernel != old {
		t.Fatalf("got %+v", children)
	}
	// A second child of the same configuration has a mark of its own, and the interface of the IKE SA.
	if k := children[1].Kernel; k.MarkIn.Value == 77 || k.MarkIn.Value == 0 || k.IfIDIn != old.IfIDIn {
		t.Errorf("the second: %+v", k)
	}
}

func TestPoliciesOfChildrenThatAreDownHaveNoNumbersOfTheirOwn(t *testing.T) {
	c := &Connection{IfIDOut: dataplane.InterfaceID{Number: 7}}
	child := &ChildConfig{Kernel: dataplane.Kernel{MarkIn: dataplane.Mark{Mask: 1, Choice: dataplane.Unique}, IfIDIn: dataplane.InterfaceID{Choice: dataplane.Unique}}}
	if got, want := c.StandIn(child), (dataplane.Kernel{IfIDOut: dataplane.InterfaceID{Number: 7}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
