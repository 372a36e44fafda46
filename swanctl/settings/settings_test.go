package settings

import (
	"slices"
	"testing"
)

func TestSectionKeepsOrderAndFindsTheFirst(t *testing.T) {
	s := new(Section)
	s.Add("a", "1").AddList("b", "x", "y").Add("a", "2")
	s.Open("c").AddBytes("d", []byte{0, 1})
	var names []string
	for _, i := range s.Items {
		names = append(names, i.Name)
	}
	if !slices.Equal(names, []string{"a", "b", "a", "c"}) {
		t.Errorf("the items are %v", names)
	}
	if got := s.Text("a"); got != "1" {
		t.Errorf("a is %q", got)
	}
	if got := s.Texts("b"); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("b is %q", got)
	}
	if got := s.Sub("c").Text("d"); got != "\x00\x01" {
		t.Errorf("c.d is %q", got)
	}
}

// A scalar is no list, and what is not there is empty.
func TestSectionTellsKindsApart(t *testing.T) {
	s := new(Section).AddList("a", "1")
	if s.Text("a") != "" || s.Sub("a") != nil || len(s.Sub("a").Texts("b")) != 0 || s.Sub("a").Text("b") != "" {
		t.Error("a list was taken for something else")
	}
	if got := (Place{"x.conf", 3}).String(); got != "x.conf:3" {
		t.Error(got)
	}
}

func TestMentions(t *testing.T) {
	m := new(Section).Add("name", "handle").AddList("handle", "a")
	inner := m.Open("handle").Open("cert")
	if m.Mentions("handle") {
		t.Error("a value, a list and a section are taken for a value of the name")
	}
	if inner.Add("Handle", "01"); !m.Mentions("handle") {
		t.Error("a value in a section inside is not found")
	}
	if (*Section)(nil).Mentions("handle") {
		t.Error("nothing mentions something")
	}
}
