package chain

import (
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"culvert/auth/internal/pkitest"
)

// A family is a leaf below two CAs below an anchor, leaf first.
func newFamily(t testing.TB) []*x509.Certificate {
	t.Helper()
	root := pkitest.NewAuthority(t, "root")
	upper := root.Subordinate(t, "upper")
	lower := upper.Subordinate(t, "lower")
	return []*x509.Certificate{lower.Issue(t, "gw", pkitest.NewKey(t).Public()), lower.Cert, upper.Cert, root.Cert}
}

func oid(t testing.TB, s string) x509.OID {
	t.Helper()
	id, err := x509.ParseOID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPolicies(t *testing.T) {
	const gold, silver = "1.2.3.1", "1.2.3.2"
	set := func(oids ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, o := range oids {
				c.Policies = append(c.Policies, oid(t, o))
			}
		}
	}
	maps := func(from, to string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.PolicyMappings = append(c.PolicyMappings, x509.PolicyMapping{IssuerDomainPolicy: oid(t, from), SubjectDomainPolicy: oid(t, to)})
		}
	}
	all := func(changes ...func(*x509.Certificate)) []func(*x509.Certificate) { return changes }
	for _, tt := range []struct {
		name               string
		leaf, lower, upper []func(*x509.Certificate)
		required           []string
		fault              string // CN of the certificate at fault; empty: valid
	}{
		{"none asked for, none there", nil, nil, nil, nil, ""},
		{"asked for, none there", nil, nil, nil, []string{gold}, "upper"},
		{"asked for and everywhere", all(set(gold)), all(set(gold)), all(set(gold, silver)), []string{gold}, ""},
		{"one of two", all(set(silver)), all(set(gold, silver)), all(set(gold, silver)), []string{gold, silver}, ""},
		{"another one", all(set(silver)), all(set(silver)), all(set(silver)), []string{gold}, "gw"},
		{"lost on the way", all(set(gold)), all(set(silver)), all(set(gold, silver)), []string{gold}, "gw"},
		{"the leaf has none", nil, all(set(gold)), all(set(gold)), []string{gold}, "gw"},
		{"anyPolicy in the CAs", all(set(gold)), all(set(anyPolicy)), all(set(anyPolicy)), []string{gold}, ""},
		{"anyPolicy everywhere", all(set(anyPolicy)), all(set(anyPolicy)), all(set(anyPolicy)), []string{gold}, ""},
		{"anyPolicy inhibited", all(set(gold)), all(set(anyPolicy)), all(set(anyPolicy), func(c *x509.Certificate) { c.InhibitAnyPolicyZero = true }), []string{gold}, "lower"},
		{"mapped", all(set(silver)), all(set(gold), maps(gold, silver)), all(set(gold)), []string{gold}, ""},
		{"mapped, asked for by the other name", all(set(silver)), all(set(gold), maps(gold, silver)), all(set(gold)), []string{silver}, "gw"},
		{"mapping inhibited", all(set(silver)), all(set(gold), maps(gold, silver)), all(set(gold), func(c *x509.Certificate) { c.InhibitPolicyMappingZero = true }), []string{gold}, "gw"},
		{"anyPolicy mapped", all(set(gold)), all(set(gold), maps(anyPolicy, gold)), all(set(gold)), nil, "lower"},
		{"a CA demands one, none there", nil, nil, all(set(gold), func(c *x509.Certificate) { c.RequireExplicitPolicyZero = true }), nil, "lower"},
		{"a CA demands one, there", all(set(gold)), all(set(gold)), all(set(gold), func(c *x509.Certificate) { c.RequireExplicitPolicyZero = true }), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := newFamily(t)
			for i, changes := range [][]func(*x509.Certificate){tt.leaf, tt.lower, tt.upper} {
				for _, change := range changes {
					change(path[i])
				}
			}
			err := checkPolicies(path, tt.required)
			if tt.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantKind(t, err, Policy, `"CN=`+tt.fault+`"`)
		})
	}
}

// TestPoliciesAsCryptoX509 compares with the policy graph of the standard library, for many random paths.
func TestPoliciesAsCryptoX509(t *testing.T) {
	template := newFamily(t)
	r := rand.New(rand.NewPCG(1, 2))
	verdicts := [2]int{}
	for i := range 4000 {
		path := randomPolicies(t, r, template)
		var required []string
		opt := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: pkitest.Now()}
		opt.Roots.AddCert(path[3])
		opt.Intermediates.AddCert(path[2])
		opt.Intermediates.AddCert(path[1])
		for range r.IntN(3) {
			p := fmt.Sprintf("1.2.3.%d", 1+r.IntN(3))
			required, opt.CertificatePolicies = append(required, p), append(opt.CertificatePolicies, oid(t, p))
		}
		if len(required) > 0 { // here it is demanded at once, there only where a CA says so
			path[2].RequireExplicitPolicy, path[2].RequireExplicitPolicyZero = 0, true
			if len(path[2].Policies) == 0 {
				continue
			}
		}
		_, want := path[0].Verify(opt)
		got := checkPolicies(path, required)
		if (got == nil) != (want == nil) {
			t.Fatalf("path %d: %v, crypto/x509 says %v; required %v\n%s", i, got, want, required, describe(path))
		}
		if got == nil {
			verdicts[0]++
		} else {
			verdicts[1]++
		}
	}
	if verdicts[0] < 200 || verdicts[1] < 200 {
		t.Errorf("%d accepted, %d refused: too one-sided to tell", verdicts[0], verdicts[1])
	}
}

// randomPolicies copies a path and gives its certificates policies, mappings and counters.
func randomPolicies(t *testing.T, r *rand.Rand, template []*x509.Certificate) []*x509.Certificate {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	counter := func(value *int, zero *bool) {
		if r.IntN(4) == 0 {
			*value = r.IntN(3)
			*zero = *value == 0
		}
	}
	path := make([]*x509.Certificate, len(template))
	for j, c := range template {
		clone := *c
		path[j] = &clone
		for range r.IntN(4) {
			p := oid(t, pick(anyPolicy, "1.2.3.1", "1.2.3.2", "1.2.3.3"))
			if !slices.ContainsFunc(clone.Policies, p.Equal) {
				clone.Policies = append(clone.Policies, p)
			}
		}
		for range r.IntN(3) * r.IntN(2) {
			clone.PolicyMappings = append(clone.PolicyMappings, x509.PolicyMapping{
				IssuerDomainPolicy: oid(t, pick("1.2.3.1", "1.2.3.2")), SubjectDomainPolicy: oid(t, pick("1.2.3.2", "1.2.3.3", "1.2.3.1"))})
		}
		if j < len(template)-1 {
			counter(&clone.RequireExplicitPolicy, &clone.RequireExplicitPolicyZero)
			counter(&clone.InhibitPolicyMapping, &clone.InhibitPolicyMappingZero)
			counter(&clone.InhibitAnyPolicy, &clone.InhibitAnyPolicyZero)
		}
	}
	return path
}

func describe(path []*x509.Certificate) (s string) {
	for _, c := range path {
		s += fmt.Sprintf("%s policies %v maps %v explicit %d/%v mapping %d/%v any %d/%v\n", Name(c), c.Policies, c.PolicyMappings,
			c.RequireExplicitPolicy, c.RequireExplicitPolicyZero, c.InhibitPolicyMapping, c.InhibitPolicyMappingZero, c.InhibitAnyPolicy, c.InhibitAnyPolicyZero)
	}
	return s
}

func TestPoliciesAreBounded(t *testing.T) {
	path := newFamily(t)
	for i := range maxPolicies + 1 {
		path[1].Policies = append(path[1].Policies, oid(t, fmt.Sprintf("1.2.3.%d", i)))
	}
	wantKind(t, checkPolicies(path, nil), Policy, `"CN=lower"`, "more than 64")
}
