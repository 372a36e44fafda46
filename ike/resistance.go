package ike

import (
	"fmt"
	"slices"
	"strings"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A Resistance tells whether an IKE SA withstands quantum computers: whether what was recorded today stays secret from whoever
// has one later.
type Resistance struct {
	IKE      bool     // the messages of the IKE SA
	Children bool     // the Child SAs that are made with it from now on
	Means    []string // by what, for people: "ML-KEM-768 as ADDKE1"
}

// resistance tells how an IKE SA stands.
func (sa *SA) resistance() Resistance {
	r := Resistance{Means: kemMeans(sa.suite)}
	for _, means := range sa.inherited {
		r.Means = append(r.Means, means+replaced)
	}
	r.IKE = len(r.Means) > 0 || sa.ppk != nil && sa.ppkUse != ppkByAuth
	r.Children = r.IKE || sa.ppk != nil
	if sa.ppk != nil {
		r.Means = append(r.Means, sa.ppkMeans(r.IKE))
	}
	return r
}

const replaced = ", in the IKE SA that this one replaces"

// ppkMeans tells how the PPK protects; protected is whether something else protects the IKE SA.
func (sa *SA) ppkMeans(protected bool) string {
	text := fmt.Sprintf("PPK %q", sa.ppk.Name)
	switch {
	case sa.ppkUse == ppkByIntermediate:
		return text + " by IKE_INTERMEDIATE"
	case sa.ppkUse == ppkByCreateChild:
		return text + " by CREATE_CHILD_SA"
	case sa.ppkUse == ppkInherited:
		return text + replaced
	case protected:
		return text + " by IKE_AUTH"
	}
	return text + " by IKE_AUTH: protects the children now, the IKE SA only after its next rekey"
}

// kemMeans names the key exchanges of a suite that withstand quantum computers, with their transform type.
func kemMeans(sel suite.Selection) []string {
	var list []string
	for _, t := range sel.Proposal.Transforms {
		isExchange := t.Type == wire.TransformKE || t.Type >= wire.TransformADDKE1 && t.Type <= wire.TransformADDKE7
		if !isExchange || !suite.IsPostQuantum(t.ID) {
			continue
		}
		place := "KE"
		if t.Type != wire.TransformKE {
			place = fmt.Sprintf("ADDKE%d", 1+t.Type-wire.TransformADDKE1)
		}
		list = append(list, strings.ReplaceAll(keName(t.ID), "_", "-")+" as "+place)
	}
	return list
}

// bequeath hands what is in SK_d, and withstands quantum computers, on to the IKE SA whose keys come from it.
func (sa *SA) bequeath(next *SA) {
	next.ppk, next.ppkUse, next.inherited = sa.ppk, ppkInherited, slices.Clone(sa.inherited)
	for _, means := range kemMeans(sa.suite) {
		if !slices.Contains(next.inherited, means) {
			next.inherited = append(next.inherited, means)
		}
	}
}

// checkResistance refuses an IKE SA that would not withstand quantum computers where a connection demands it, before anything
// is said in it that matters.
func (sa *SA) checkResistance(c *Connection, notify wire.NotifyType) error {
	if c.PostQuantum != suite.PostQuantumRequire || sa.resistance().IKE {
		return nil
	}
	return sa.notResistant(c, sa.suite, notify)
}

// insistence tells why proposals may be too much for a peer.
func (sa *SA) insistence() string {
	if sa.conn.PostQuantum != suite.PostQuantumRequire {
		return ""
	}
	return `; with post_quantum = "require" the peer has to have one of their key exchanges, and not to have it switched off`
}

func (sa *SA) notResistant(c *Connection, sel suite.Selection, notify wire.NotifyType) *Failure {
	return refuse(explain.IKENotQuantumSafe, notify,
		"connection %q requires an IKE SA that withstands quantum computers; agreed with %v are %s and no PPK in IKE_INTERMEDIATE; we would do %s, with PPKs %s",
		c.Name, sa.path.Remote, suite.FormatProposal(sel.Proposal), proposalStrings(c.Proposals), orNone(c.ppkNames()))
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
