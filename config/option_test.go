package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// A home is where an option stands: a configuration around it that is right, and its block in what is loaded.
type home struct {
	samples func() []sample
	around  string // with %s for the lines
	block   func(*Config) schema
}

func homes() map[string]home {
	const psk = "secret \"a\" { psk = file(\"office.psk\") }\n"
	const pair = "certificate = \"gw.pem\"\nkey = \"gw.key\""
	const corp = "radius \"corp\" {\nserver \"s\" {\naddress = \"192.0.2.9\"\nsecret = \"swordfish\"\n}\n}\n"
	const staff = corp + "users \"staff\" {\nuser \"carol\" { cleartext = \"a password\" }\n}\n"
	connection := func(c *Config) *Connection { return c.Connection("a") }
	return map[string]home{
		configurationKind: {fileSamples, "%s\n", func(*Config) schema { return schema{} }},
		"daemon":          {daemonSamples, "daemon {\n%s\n}\n", func(c *Config) schema { return c.Daemon.schema() }},
		"half_open":       {halfOpenSamples, "daemon {\nhalf_open {\n%s\n}\n}\n", func(c *Config) schema { return c.Daemon.HalfOpen.schema() }},
		"retransmit":      {retransmitSamples, "daemon {\nretransmit {\n%s\n}\n}\n", func(c *Config) schema { return c.Daemon.Retransmit.schema() }},
		"hooks":           {hooksSamples, "daemon {\nhooks {\n%s\n}\n}\n", func(c *Config) schema { return c.Daemon.Hooks.schema() }},
		"dataplane":       {dataplaneSamples, "daemon {\ndataplane {\n%s\n}\n}\n", func(c *Config) schema { return c.Daemon.Dataplane.schema() }},
		"metrics":         {metricsSamples, "metrics {\n%s\n}\n", func(c *Config) schema { return c.Metrics.schema() }},
		"vici":            {viciSamples, "vici {\n%s\n}\n", func(c *Config) schema { return c.VICI.schema() }},
		"telemetry":       {telemetrySamples, "telemetry {\n%s\n}\n", func(c *Config) schema { return c.Telemetry.schema() }},
		"api":             {apiSamples, "api {\n%s\n}\n", func(c *Config) schema { return c.API.schema() }},
		"role":            {roleSamples, "api {\nrole \"read\" {\n%s\n}\n}\n", func(c *Config) schema { return c.API.Roles[0].schema() }},
		"connection": {func() []sample { return append(connectionSamples(), quantumSamples()...) }, "connection \"a\" {\nremote { address = \"192.0.2.9\" }\n%s\n}\npool \"p\" { addresses = \"10.9.0.0/24\" }\nppk \"q\" { key = file(\"x.ppk\") }\n" + psk,
			func(c *Config) schema { return connection(c).schema() }},
		"local":        {localSamples, "connection \"a\" {\nlocal {\n%s\n}\n}\n" + psk, func(c *Config) schema { return connection(c).Local.schema() }},
		"local.second": {localSecondSamples, "connection \"a\" {\nlocal {\nsecond {\n%s\n}\n}\n}\n" + psk, func(c *Config) schema { return connection(c).Local.Second.schema() }},
		"local.alternative": {alternativeSamples, "connection \"a\" {\nlocal {\n" + pair + "\nalternative \"b\" {\n%s\n}\n}\nremote { ca = \"ca.pem\" }\n}\n",
			func(c *Config) schema { return connection(c).Local.Alternatives[0].schema("", "") }},
		"local.second.alternative": {alternativeSamples, "connection \"a\" {\nlocal {\n" + pair + "\nsecond {\n" + pair + "\nalternative \"b\" {\n%s\n}\n}\n}\nremote { ca = \"ca.pem\" }\n}\n",
			func(c *Config) schema { return connection(c).Local.Second.Alternatives[0].schema("", "") }},
		"local.eap": {localEAPSamples, "connection \"a\" {\nlocal {\neap {\n%s\n}\n}\n}\n" + psk,
			func(c *Config) schema { return connection(c).Local.EAP.schema("") }},
		"local.second.eap": {localEAPSamples, "connection \"a\" {\nlocal {\nsecond {\neap {\n%s\n}\n}\n}\n}\n" + psk,
			func(c *Config) schema { return connection(c).Local.Second.EAP.schema("") }},
		"local.eap.tls": {localTLSSamples, tlsClient("", "") + psk, func(c *Config) schema { return connection(c).Local.EAP.TLS.schema("") }},
		"local.second.eap.tls": {localTLSSamples, tlsClient("second {\n", "}\n") + psk,
			func(c *Config) schema { return connection(c).Local.Second.EAP.TLS.schema("") }},
		"remote.eap.tls": {remoteTLSSamples, tlsServer("", "") + psk + staff, func(c *Config) schema { return connection(c).Remote.EAP.TLS.schema("") }},
		"remote.second.eap.tls": {remoteTLSSamples, tlsServer("second {\n", "}\n") + psk + staff,
			func(c *Config) schema { return connection(c).Remote.Second.EAP.TLS.schema("") }},
		"remote.second": {remoteSecondSamples, "connection \"a\" {\nremote {\nsecond {\n%s\n}\n}\n}\n" + psk, func(c *Config) schema { return connection(c).Remote.Second.schema() }},
		"remote.eap": {remoteEAPSamples, "connection \"a\" {\nremote {\neap {\n%s\n}\n}\n}\n" + psk + staff,
			func(c *Config) schema { return connection(c).Remote.EAP.schema("") }},
		"remote.second.eap": {remoteEAPSamples, "connection \"a\" {\nremote {\nsecond {\neap {\n%s\n}\n}\n}\n}\n" + psk + staff,
			func(c *Config) schema { return connection(c).Remote.Second.EAP.schema("") }},
		"remote": {remoteSamples, "connection \"a\" {\nremote {\n%s\n}\n}\n" + psk, func(c *Config) schema { return connection(c).Remote.schema() }},
		"child": {func() []sample { return slices.Concat(childSamples(), childHookSamples(), childKernelSamples()) }, "connection \"a\" {\nremote { address = \"192.0.2.9\" }\nchild \"c\" {\n%s\n}\n}\n" + psk,
			func(c *Config) schema { return connection(c).Child("c").schema() }},
		"iptfs": {iptfsSamples, "connection \"a\" {\nremote { address = \"192.0.2.9\" }\nchild \"c\" {\niptfs {\n%s\n}\n}\n}\n" + psk,
			func(c *Config) schema { return connection(c).Child("c").IPTFS.schema() }},
		"pool":   {poolSamples, "pool \"a\" {\n%s\n}\n", func(c *Config) schema { return c.Pool("a").schema() }},
		"secret": {secretSamples, "connection \"a\" {}\nsecret \"a\" {\n%s\n}\n", func(c *Config) schema { return named(c.Secrets, "a").schema() }},
		"ppk": {ppkSamples, "connection \"a\" {\nppk = \"a\"\n}\nsecret \"a\" { psk = file(\"office.psk\") }\nppk \"a\" {\n%s\n}\n",
			func(c *Config) schema { return named(c.PPKs, "a").schema() }},
		"radius": {radiusSamples, "radius \"a\" {\n%s\nserver \"s\" {\naddress = \"192.0.2.9\"\nsecret = \"swordfish\"\n}\n}\n", func(c *Config) schema { return c.RADIUSGroup("a").schema() }},
		"server": {serverSamples, "radius \"a\" {\nserver \"s\" {\n%s\n}\n}\n", func(c *Config) schema { return c.RADIUSGroup("a").Servers[0].schema() }},
		"dae": {daeSamples, "radius \"a\" {\nserver \"s\" {\naddress = \"192.0.2.9\"\nsecret = \"swordfish\"\n}\ndae {\n%s\n}\n}\n",
			func(c *Config) schema { return c.RADIUSGroup("a").DAE.schema() }},
		"authority":     {authoritySamples, "authority \"a\" {\n%s\n}\n", func(c *Config) schema { return c.Authorities[0].schema() }},
		"pkcs11_module": {moduleSamples, "pkcs11_module \"a\" {\n%s\n}\n", func(c *Config) schema { return c.Modules[0].schema() }},
		"webhook": {webhookSamples, "connection \"b\" {}\nsecret \"b\" { psk = file(\"office.psk\") }\nwebhook \"a\" {\n%s\n}\n",
			func(c *Config) schema { return c.Webhooks[0].schema() }},
		"users":  {usersSamples, "users \"a\" {\n%s\n}\n", func(c *Config) schema { return c.UsersOf("a").schema() }},
		"user":   {userSamples, "users \"a\" {\nuser \"carol\" {\n%s\n}\n}\n", func(c *Config) schema { return c.UsersOf("a").List[0].schema() }},
		"policy": {policySamples, "policy \"a\" {\n%s\n}\n", func(c *Config) schema { return named(c.Policies, "a").schema() }},
	}
}

// A shelf holds the files that samples name.
type shelf map[string]string

func newShelf(t testing.TB) shelf {
	t.Helper()
	files := exampleFiles(t)
	files["leaf.pem"] = newIdentity(t, "leaf", func(c *x509.Certificate) { c.IsCA = false }).certificate
	files["credentials/gw"] = files["gw.pem"]
	files["ca.crl"] = revocationList(t)
	files["empty.hcl"] = ""
	files["x.ppk"] = "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	files["credentials/ppks"] = "# of this year\nnew = 0x00010203\n\n0x0a0b = 0sAQI=\n"
	files["bad.ppks"] = "new 0x00010203\n"
	files["none.ppks"] = "# nothing\n"
	files["carol.sim"] = "k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf\n"
	files["staff.users"] = "user \"carol\" {\n  password = \"" + testHash + "\"\n}\n"
	files["bad.users"] = "user \"carol\" {\n  pasword = \"x\"\n}\n"
	return files
}

func revocationList(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &x509.Certificate{SubjectKeyId: []byte{1}, KeyUsage: x509.KeyUsageCRLSign}
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: noon(), NextUpdate: noon().AddDate(1, 0, 0)}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer, key)
	if err != nil {
		t.Fatal(err)
	}
	return pemBlock("X509 CRL", der)
}

// load reads a configuration that stands among the files.
func (files shelf) load(name, text string) (*Config, Diagnostics) {
	all := maps.Clone(files)
	all[name] = text
	s := source(all)
	s.Credentials = dir + "credentials"
	return s.Load(dir + name)
}

func (h home) text(s sample) string {
	return fmt.Sprintf(h.around, s.with+"\n"+s.option+" = "+s.value)
}

// eachSample calls a function with every sample of every block.
func eachSample(t *testing.T, f func(*testing.T, shelf, home, sample)) {
	files := newShelf(t)
	for kind, h := range homes() {
		for _, s := range h.samples() {
			t.Run(fmt.Sprintf("%s %s = %s", kind, s.option, s.value), func(t *testing.T) { f(t, files, h, s) })
		}
	}
}

func TestEachOptionTakesWhatItShould(t *testing.T) {
	eachSample(t, func(t *testing.T, files shelf, h home, s sample) {
		c, found := files.load("culvert.hcl", h.text(s))
		if s.code != "" {
			if c != nil || !has(found, s.code, 0) {
				t.Errorf("want %s, got\n%s", s.code, found)
			}
			return
		}
		if c == nil {
			t.Fatal(found)
		}
		block := h.block(c)
		o := block.option(s.option)
		if o == nil || s.text == "-" {
			return
		}
		want := s.text
		if want == "" {
			want = s.value
		}
		if got := o.slot.text(); got != want {
			t.Errorf("it is shown as %s, want %s", got, want)
		}
		if !block.origin.Given(s.option) {
			t.Error("it is not known to be given")
		}
	})
}

// A refusal points at the value, or at the option that makes it impossible.
func TestRefusalsPointIntoTheFile(t *testing.T) {
	eachSample(t, func(t *testing.T, files shelf, h home, s sample) {
		text := h.text(s)
		_, found := files.load("culvert.hcl", text)
		checkDiagnostics(t, text, found)
		if s.code != badValue && s.code != wrongType {
			return
		}
		line := strings.Count(text[:strings.LastIndex(text, s.option+" = "+s.value)], "\n") + 1
		if !has(found, s.code, line) {
			t.Errorf("no %s in line %d:\n%s", s.code, line, found)
		}
	})
}

func TestEachOptionHasSamples(t *testing.T) {
	for _, s := range schemas() {
		good, bad := map[string]bool{}, map[string]bool{}
		for _, sample := range homes()[s.place()].samples() {
			if sample.code == "" {
				good[sample.option] = true
			} else {
				bad[sample.option] = true
			}
		}
		for _, o := range s.options {
			if !good[o.name] || !bad[o.name] {
				t.Errorf("%s.%s has no sample of a value that is accepted, or of one that is refused", s.place(), o.name)
			}
		}
	}
}

// What a sample changes against the configuration around it is what Diff says, and nothing else.
func TestDiffSeesEachOption(t *testing.T) {
	eachSample(t, func(t *testing.T, files shelf, h home, s sample) {
		with, found := files.load("culvert.hcl", h.text(s))
		if found.Errors() {
			return
		}
		if again, _ := files.load("culvert.hcl", h.text(s)); !alike(Diff(with, again)) {
			t.Errorf("the same text differs: %s", changes(Diff(with, again)))
		}
		if block := h.block(with); block.kind == "" { // an include is no part of the model
			return
		}
		without, found := files.load("culvert.hcl", fmt.Sprintf(h.around, s.with))
		if found.Errors() {
			return
		}
		a, b := h.block(without), h.block(with)
		for i, o := range a.options {
			same := fmt.Sprint(o.slot.stored()) == fmt.Sprint(b.options[i].slot.stored())
			named := strings.Contains(changes(Diff(without, with)), o.name)
			if !same && !named {
				t.Errorf("%s differs and is not named in %q", o.name, changes(Diff(without, with)))
			}
		}
	})
}
