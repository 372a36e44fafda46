package suite

import (
	"fmt"
	"slices"
	"strings"

	"culvert/wire"
)

// defaultWord stands for the default proposals of the protocol, alone in its place of a list.
const defaultWord = "default"

// A ProposalError says which part of a proposal string is wrong, and how it may have been meant.
type ProposalError struct {
	Proposal   string
	Word       string // empty when the words fit one by one but not together
	Suggestion string // a word that exists, or empty
	Reason     string
}

// Error says what is wrong.
func (e *ProposalError) Error() string {
	text := fmt.Sprintf("proposal %q: ", e.Proposal)
	if e.Word != "" {
		text += fmt.Sprintf("%q: ", e.Word)
	}
	text += e.Reason
	if e.Suggestion != "" {
		text += fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	return text
}

// ParseProposals parses a list of proposal strings, the word "default" among them standing for DefaultIKE or DefaultESP,
// and numbers the result from 1 (RFC 7296, Section 3.3.1). An empty list gives the defaults. The error is the first
// *ProposalError.
func ParseProposals(protocol wire.ProtocolID, list []string) ([]wire.Proposal, error) {
	if len(list) == 0 {
		list = []string{defaultWord}
	}
	var proposals []wire.Proposal
	for _, s := range list {
		if strings.TrimSpace(strings.ToLower(s)) == defaultWord {
			proposals = append(proposals, defaults(protocol)...)
			continue
		}
		p, err := ParseProposal(protocol, s)
		if err != nil {
			return nil, err
		}
		proposals = append(proposals, p)
	}
	return numbered(proposals), nil
}

// numbered gives the proposals of a list the numbers 1, 2, ...
func numbered(proposals []wire.Proposal) []wire.Proposal {
	for i := range proposals {
		proposals[i].Number = uint8(i + 1)
	}
	return proposals
}

// ParseProposal parses one proposal as swanctl writes it: words with hyphens between them, such as
// "aes256gcm16-prfsha384-x25519-ke1_mlkem768". Several words of one type are alternatives in the order of preference; those
// that begin with ke1_ to ke7_ are additional key exchanges (RFC 9370). Number and SPI are left unset. What swanctl adds by itself is added here too: the PRFs of the integrity algorithms when none is named, and
// 32-bit sequence numbers for ESP; PRFs in an ESP proposal are dropped. The error is a *ProposalError.
func ParseProposal(protocol wire.ProtocolID, s string) (wire.Proposal, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	var parsed []wire.Transform
	for word := range strings.SplitSeq(text, "-") {
		t, ok := lookupWord(word)
		if !ok {
			return wire.Proposal{}, unknownWord(s, word)
		}
		if err := checkWord(protocol, t); err != "" {
			return wire.Proposal{}, &ProposalError{Proposal: s, Word: word, Reason: err}
		}
		if !slices.Contains(parsed, t) {
			parsed = append(parsed, t)
		}
	}
	p, reason := completeProposal(protocol, parsed)
	if reason != "" {
		return wire.Proposal{}, &ProposalError{Proposal: s, Reason: reason}
	}
	return p, nil
}

// unknownWord explains a word that no algorithm has.
func unknownWord(s, word string) error {
	e := &ProposalError{Proposal: s, Word: word, Reason: "no such algorithm", Suggestion: suggest(word)}
	if typ, method, ok := cutAdditional(word); ok {
		word = method
		e.Suggestion = suggestAdditional(typ, method)
	}
	switch {
	case word == "":
		e.Reason = "a word is missing"
	case word == defaultWord:
		e.Reason = "stands alone, not among other words"
	default:
		if reason := refusedWord(word); reason != "" {
			e.Reason, e.Suggestion = reason, ""
		}
	}
	return e
}

// refusedWord returns why a word that swanctl has is none here; empty for words that nobody has.
func refusedWord(word string) string {
	switch word {
	case "des", "3des", "cast128", "md5", "md5_128", "prfmd5", "modp768", "modp1024s160":
		return "refused: too weak (RFC 8247, Section 2; RFC 8221, Sections 5 and 6)"
	case "modp2048s224", "modp2048s256", "modpnull":
		return "refused: the group's origin or order is not trustworthy (RFC 8247, Section 2.4)"
	}
	for _, prefix := range []string{"camellia", "blowfish", "ecp192", "ecp224", "sha1_160", "sha256_96"} {
		if strings.HasPrefix(word, prefix) {
			return "not implemented: nothing in RFC 8247 or RFC 8221 asks for it"
		}
	}
	return ""
}

// checkWord returns why a transform cannot be used in a protocol, or nothing.
func checkWord(protocol wire.ProtocolID, t wire.Transform) string {
	if protocol != wire.ProtocolIKE {
		return ""
	}
	switch {
	case t.Type == wire.TransformENCR:
		if e, _ := encryptionByID(t.ID); !e.ike {
			return "does not encrypt, so it is for ESP only (RFC 7296, Section 5)"
		}
	case t.Type == wire.TransformSN:
		return "sequence numbers are a matter of ESP"
	case t == keID(wire.KENone):
		return "IKE cannot do without a first key exchange"
	}
	return ""
}

// FormatProposal writes a proposal as ParseProposal reads it. What a parse would add by itself is left out; a transform
// without a word of its own appears by its name in the registry, which does not parse.
func FormatProposal(p wire.Proposal) string {
	var words []string
	for _, t := range p.Transforms {
		switch {
		case t.Type == wire.TransformINTEG && t.ID == wire.IntegNone:
		case t == snID(wire.SN32) && len(transformsOf(p, wire.TransformSN)) == 1:
		default:
			words = append(words, transformWord(t))
		}
	}
	return strings.Join(words, "-")
}

func transformWord(t wire.Transform) string {
	if isAdditional(t.Type) {
		return additionalWord(t)
	}
	if a, ok := lookupTransform(t); ok {
		return a.words[0]
	}
	return TransformName(t)
}
