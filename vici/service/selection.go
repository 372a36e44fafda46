package service

import (
	"slices"

	"culvert/api"
	"culvert/swanctl/settings"
)

// A selection says which SAs a command is about. What is zero does not matter.
type selection struct {
	ike, child     string
	ikeID, childID uint32
}

func selected(request *settings.Section) selection {
	return selection{
		ike: request.Text("ike"), child: request.Text("child"),
		ikeID: identifier(request, "ike-id"), childID: identifier(request, "child-id"),
	}
}

func (s selection) empty() bool { return s == selection{} }

// children tells whether it is about children.
func (s selection) children() bool { return s.child != "" || s.childID != 0 }

func (s selection) hasSA(sa *api.SA) bool {
	return (s.ike == "" || s.ike == sa.Connection) && (s.ikeID == 0 || s.ikeID == sa.ID)
}

func (s selection) hasChild(c *api.Child) bool {
	return (s.child == "" || s.child == c.Name) && (s.childID == 0 || s.childID == c.ID)
}

// waiting returns the connection that is selected if its next attempt is a while off.
func (s selection) waiting(connections []api.Connection) (name string, ok bool) {
	if s.ikeID != 0 || s.children() {
		return "", false
	}
	return s.ike, slices.ContainsFunc(connections, func(c api.Connection) bool { return c.Name == s.ike && c.State == api.Waiting })
}

// A match is an IKE SA, or a child of it, that a command is about.
type match struct {
	sa    api.SA
	child *api.Child // nil: the IKE SA
}

// matches returns what is selected of SAs.
func (s selection) matches(sas []api.SA) []match {
	var list []match
	for _, sa := range sas {
		switch {
		case !s.hasSA(&sa):
		case !s.children():
			list = append(list, match{sa: sa})
		default:
			for i := range sa.Children {
				if s.hasChild(&sa.Children[i]) {
					list = append(list, match{sa, &sa.Children[i]})
				}
			}
		}
	}
	return list
}
