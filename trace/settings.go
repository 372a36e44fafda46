package trace

import (
	"culvert/auth"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// settings are what a connection allowed when it failed, in words: the configuration may be another one when people look.
type settings struct {
	Connection string
	IKE        []string // proposals
	PeerIDs    []string // which the peer may have
	PeerAuth   []string // how it has to authenticate, round by round
	CAs        []string // that are trusted
	Children   []childSettings
}

// childSettings are those of a child.
type childSettings struct {
	Name          string
	ESP           []string
	Local, Remote []string
}

func settingsOf(c *ike.Connection) settings {
	s := settings{Connection: c.Name, IKE: proposalTexts(c.Proposals)}
	for i := range c.RemoteAuth {
		r := &c.RemoteAuth[i]
		s.PeerIDs = append(s.PeerIDs, r.ID.String())
		s.PeerAuth = append(s.PeerAuth, r.Method.String())
		s.CAs = append(s.CAs, authorityNames(r)...)
	}
	for _, child := range c.Children[:min(len(c.Children), maxNames)] {
		s.Children = append(s.Children, childSettings{child.Name, proposalTexts(child.Proposals), selectorTexts(child.Local), selectorTexts(child.Remote)})
	}
	return s
}

// authorityNames are the subjects of what a round trusts.
func authorityNames(r *auth.Remote) []string {
	var names []string
	for _, c := range r.Anchors[:min(len(r.Anchors), maxNames)] {
		names = append(names, clean(c.Subject.String()))
	}
	return names
}

func proposalTexts(list []wire.Proposal) []string {
	texts := make([]string, 0, len(list))
	for _, p := range list {
		texts = append(texts, suite.FormatProposal(p))
	}
	return texts
}

// selectorTexts shows selectors; those that stand for the address of the IKE SA, or a virtual one, as "dynamic".
func selectorTexts(list []spd.Selector) []string {
	texts := make([]string, 0, len(list))
	for _, s := range list {
		if !s.Start.IsValid() {
			texts = append(texts, "dynamic")
			continue
		}
		texts = append(texts, s.String())
	}
	return texts
}
