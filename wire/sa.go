package wire

import "errors"

// Causes of a refused SA payload.
var (
	errNoProposal     = errors.New("no proposal")
	errProposalNumber = errors.New("proposals not numbered 1, 2, 3")
)

// maxProposals follows from the proposal number, one octet that counts from 1.
const maxProposals = 255

// SA is a Security Association payload: a list of proposals, any of which will do (RFC 7296, Section 3.3).
type SA struct {
	Proposals []Proposal // numbered 1, 2, 3 in an offer; a single one has the number of the offer it accepts
}

// Type returns PayloadSA.
func (*SA) Type() PayloadType { return PayloadSA }

func parseSA(b []byte) (*SA, error) {
	count, err := countProposals(b)
	if err != nil {
		return nil, err
	}
	sa := &SA{Proposals: make([]Proposal, count)}
	for i := range sa.Proposals {
		p := &sa.Proposals[i]
		if b, err = p.parse(b); err != nil {
			return nil, err
		}
		if count > 1 && int(p.Number) != i+1 || p.Number == 0 {
			return nil, errProposalNumber
		}
	}
	return sa, nil
}

// countProposals returns how many proposals fill b exactly.
func countProposals(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, errNoProposal
	}
	count := 0
	for len(b) > 0 {
		if count == maxProposals {
			return 0, errProposalNumber
		}
		_, rest, err := splitSubstructure(b, moreProposals)
		if err != nil {
			return 0, err
		}
		b = rest
		count++
	}
	return count, nil
}

func (sa *SA) appendBody(b []byte) []byte {
	for i := range sa.Proposals {
		b = sa.Proposals[i].append(b, i == len(sa.Proposals)-1)
	}
	return b
}
