package ike

import "testing"

func TestFirstChildComesUpInsideIKEAuth(t *testing.T) {
	l := oneChild(t, nil)
	for _, node := range []*testNode{l.a, l.b} {
		if up := node.of(NewsChildUp); len(up) != 1 || up[0].Child.Name != "net" {
			t.Errorf("%s: news %q", node.name, node.digest())
		}
	}
}

func TestChildRekey(t *testing.T) {
	l := oneChild(t, nil)
	old := l.child(l.a).inSPI
	l.command(l.a, RekeyChild{SPI: old})
	l.quiet()
	l.agree(1)
	if now := l.child(l.a).inSPI; now == old {
		t.Error("the child has the same SPI")
	}
}

func TestIKERekey(t *testing.T) {
	l := oneChild(t, nil)
	old := l.sa(l.a).LocalSPI()
	l.command(l.a, RekeyIKE{})
	l.quiet()
	l.agree(1)
	if l.sa(l.a).LocalSPI() == old {
		t.Error("the IKE SA has the same SPI")
	}
}
