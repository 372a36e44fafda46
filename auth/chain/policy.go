package chain

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// anyPolicy stands for all policies (RFC 5280, Section 4.2.1.4).
const anyPolicy = "2.5.29.32.0"

// maxPolicies bounds the policies and mappings of one certificate, and with them the work that mappings multiply.
const maxPolicies = 64

var (
	errManyPolicies = fmt.Errorf("it has more than %d policies", maxPolicies)
	errMapsAny      = errors.New("it maps anyPolicy")
	errNoPolicy     = errors.New("a policy is demanded, and there is none under which the whole path is issued")
)

// policies is the state of policy processing from the anchor downwards (RFC 5280, Section 6.1.2): which policies are valid
// so far, each with those of the first CA's domain that it stands for, which is what the valid policy tree is asked for in
// the end.
type policies struct {
	valid             map[string][]string
	any               bool
	explicit, mapping int // certificates until a policy is demanded, until mappings do not count
	inhibitAny        int // certificates until anyPolicy does not count
}

// checkPolicies processes the certificate policies of a path, leaf first, anchor last. If some are required, the path must be
// valid for one of them; if none are, it must be valid for any where a CA demands that (RFC 5280, Section 6.1.5 (g)).
func checkPolicies(path []*x509.Certificate, required []string) error {
	n := len(path)
	s := policies{any: true, explicit: n, mapping: n, inhibitAny: n}
	if len(required) > 0 {
		s.explicit = 0
	}
	for i := n - 2; i >= 0; i-- {
		if err := s.process(path[i], i == 0); err != nil {
			return &Error{Kind: Policy, Cert: path[i], Err: err}
		}
	}
	if len(required) > 0 && !s.serves(required) {
		return &Error{Kind: Policy, Cert: path[0], Err: fmt.Errorf("it is not issued under %s", strings.Join(required, " or "))}
	}
	return nil
}

// checkPolicies processes the policies of a path as the options demand them: for one of them, or for each.
func (opt *Options) checkPolicies(path []*x509.Certificate) error {
	if !opt.EveryPolicy || len(opt.Policies) == 0 {
		return checkPolicies(path, opt.Policies)
	}
	for _, p := range opt.Policies {
		if err := checkPolicies(path, []string{p}); err != nil {
			return err
		}
	}
	return nil
}

// process goes on with one certificate below the anchor (RFC 5280, Sections 6.1.3 to 6.1.5).
func (s *policies) process(c *x509.Certificate, last bool) error {
	if len(c.Policies) > maxPolicies || len(c.PolicyMappings) > maxPolicies {
		return errManyPolicies
	}
	s.narrow(c, last)
	switch {
	case !last:
	case c.RequireExplicitPolicyZero:
		s.explicit = 0
	default:
		s.explicit = max(s.explicit-1, 0)
	}
	if s.explicit == 0 && !s.any && len(s.valid) == 0 {
		return errNoPolicy
	}
	if last {
		return nil
	}
	return s.prepare(c)
}

// prepare goes on to the certificate below a CA (RFC 5280, Section 6.1.4).
func (s *policies) prepare(c *x509.Certificate) error {
	if err := s.translate(c); err != nil {
		return err
	}
	if !selfIssued(c) {
		s.explicit, s.mapping, s.inhibitAny = max(s.explicit-1, 0), max(s.mapping-1, 0), max(s.inhibitAny-1, 0)
	}
	s.explicit = limit(s.explicit, c.RequireExplicitPolicy, c.RequireExplicitPolicyZero)
	s.mapping = limit(s.mapping, c.InhibitPolicyMapping, c.InhibitPolicyMappingZero)
	s.inhibitAny = limit(s.inhibitAny, c.InhibitAnyPolicy, c.InhibitAnyPolicyZero)
	return nil
}

// limit lowers a counter to what a certificate says, if it does.
func limit(counter, value int, zero bool) int {
	if value > 0 || zero {
		return min(counter, value)
	}
	return counter
}

// narrow keeps what is valid so far and named by a certificate (RFC 5280, Section 6.1.3 (d) and (e)).
func (s *policies) narrow(c *x509.Certificate, last bool) {
	before, all := s.valid, s.any
	s.valid, s.any = map[string][]string{}, false
	for _, oid := range c.Policies {
		p := oid.String()
		roots, known := before[p]
		switch {
		case p == anyPolicy && (s.inhibitAny > 0 || !last && selfIssued(c)):
			s.any = all
			for q, r := range before {
				s.valid[q] = r
			}
		case p == anyPolicy:
		case known:
			s.valid[p] = roots
		case all:
			s.valid[p] = []string{p}
		}
	}
}

// translate applies the mappings of a CA (RFC 5280, Section 6.1.4 (a) and (b)).
func (s *policies) translate(c *x509.Certificate) error {
	if len(c.PolicyMappings) == 0 {
		return nil
	}
	next := maps.Clone(s.valid)
	for _, m := range c.PolicyMappings {
		delete(next, m.IssuerDomainPolicy.String())
	}
	for _, m := range c.PolicyMappings {
		from, to := m.IssuerDomainPolicy.String(), m.SubjectDomainPolicy.String()
		if from == anyPolicy || to == anyPolicy {
			return errMapsAny
		}
		roots, known := s.valid[from]
		if !known && s.any {
			roots = []string{from}
		}
		if s.mapping == 0 || len(roots) == 0 {
			continue
		}
		merged := slices.Concat(next[to], roots)
		slices.Sort(merged)
		next[to] = slices.Compact(merged)
	}
	s.valid = next
	return nil
}

// serves reports whether the path is valid for one of some policies.
func (s *policies) serves(required []string) bool {
	for _, roots := range s.valid {
		if slices.ContainsFunc(roots, func(r string) bool { return slices.Contains(required, r) }) {
			return true
		}
	}
	return s.any
}
