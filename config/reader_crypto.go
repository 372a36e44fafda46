package config

import (
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"culvert/auth"
	"culvert/explain"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

func method() reader[auth.Method] { return choice("method", methods()...) }

// methods are the words for ways to authenticate.
func methods() []namedValue[auth.Method] {
	return []namedValue[auth.Method]{value("psk", auth.MethodPSK), value("pubkey", auth.MethodPublicKey), value("eap", auth.MethodEAP), value("null", auth.MethodNULL)}
}

// methodWord is how a configuration names a way to authenticate.
func methodWord(m auth.Method) string {
	for _, v := range methods() {
		if v.value == m {
			return v.name
		}
	}
	return ""
}

func startAction() reader[ike.StartAction] {
	return choice("action", value("none", ike.StartNone), value("trap", ike.StartTrap), value("start", ike.StartUp), value("trap|start", ike.StartTrapUp))
}

func identity() reader[auth.Identity] {
	return textual("identity", `a host name, user@domain, an address, a distinguished name, or "keyid:..."`, auth.ParseIdentity, auth.Identity.String)
}

// scheme reads a signature algorithm. SHA-1 is no word here: allow_sha1 says more clearly what it is.
func scheme() reader[suite.Scheme] {
	r := choice("signature scheme",
		value("rsa-sha256", suite.SchemeRSASHA256), value("rsa-sha384", suite.SchemeRSASHA384), value("rsa-sha512", suite.SchemeRSASHA512),
		value("rsa-pss-sha256", suite.SchemePSSSHA256), value("rsa-pss-sha384", suite.SchemePSSSHA384), value("rsa-pss-sha512", suite.SchemePSSSHA512),
		value("ecdsa-sha256", suite.SchemeECDSASHA256), value("ecdsa-sha384", suite.SchemeECDSASHA384), value("ecdsa-sha512", suite.SchemeECDSASHA512),
		value("ed25519", suite.SchemeEd25519), value("ed448", suite.SchemeEd448),
		value("mldsa44", suite.SchemeMLDSA44), value("mldsa65", suite.SchemeMLDSA65), value("mldsa87", suite.SchemeMLDSA87))
	r.kind = "signature scheme"
	return r
}

// proposals is the slot of a list of proposals. Their defaults are written as the word "default".
func proposals(dst *[]wire.Proposal, protocol wire.ProtocolID) slot {
	return &proposalList{dst, protocol}
}

type proposalList struct {
	dst      *[]wire.Proposal
	protocol wire.ProtocolID
}

func (p *proposalList) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	var texts []string
	many(&texts, textual("proposal", `algorithms such as "aes256gcm16-prfsha384-x25519", or "default"`, p.check, nil)).read(d, o, origin, expr)
	if all, err := suite.ParseProposals(p.protocol, texts); err == nil {
		*p.dst = all
	}
	if len(texts) > 255 {
		d.contradiction(origin, o.name, "%s has %d proposals, a message carries 255 (RFC 7296, Section 3.3.1)", o.name, len(texts))
	}
}

// check says what is wrong with one proposal, and with which word of it.
func (p *proposalList) check(s string) (string, error) {
	_, err := suite.ParseProposals(p.protocol, []string{s})
	var wrong *suite.ProposalError
	if !errors.As(err, &wrong) {
		return s, err
	}
	m := &mistake{code: explain.ConfigBadProposal, message: quote(s) + ": " + wrong.Reason}
	if wrong.Word != "" {
		m.message = quote(wrong.Word) + ": " + wrong.Reason
		m.offset, m.len = wordAt(s, wrong.Word), len(wrong.Word)
	}
	if wrong.Suggestion != "" {
		m.hint = "did you mean " + quote(wrong.Suggestion) + "?"
	}
	return s, m
}

// wordAt returns where a word of a proposal begins.
func wordAt(s, word string) int {
	offset := 0
	for part := range strings.SplitSeq(s, "-") {
		if strings.EqualFold(strings.TrimSpace(part), word) {
			return offset + strings.Index(strings.ToLower(part), word)
		}
		offset += len(part) + 1
	}
	return 0
}

func (p *proposalList) kind() string { return "list of proposal" }
func (p *proposalList) text() string { return `["default"]` }
func (p *proposalList) stored() any  { return *p.dst }
