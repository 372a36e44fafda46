package daemon

import (
	"crypto/x509"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
)

// fill gives a value, and everything in it, something that is not zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case auth.Identity:
		id, err := auth.ParseIdentity("someone@example.org")
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(id))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("192.0.2.7")))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.MustParsePrefix("192.0.2.7/32")))
		return
	case config.Origin, *x509.Certificate, *x509.RevocationList:
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.String:
		v.SetString("text")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(t, v.Field(i))
			}
		}
	case reflect.Array, reflect.Interface: // fingerprints, keys
	default:
		t.Fatalf("do not know how to fill %v", v.Type())
	}
}

// whole is a configuration in which nothing is zero.
func whole(t *testing.T) *config.Config {
	t.Helper()
	c := &config.Connection{}
	fill(t, reflect.ValueOf(c).Elem())
	c.DowngradePrevention, c.PathProbes, c.Children[0].CopyECN = false, false, false // which the engine has the other way round
	c.Name, c.Remote.Addresses = "site", []config.Address{{Prefix: netip.MustParsePrefix("192.0.2.1/32")}, {Name: "peer.example.org"}}
	daemon := &config.Daemon{}
	fill(t, reflect.ValueOf(daemon).Elem())
	return &config.Config{Daemon: daemon, Connections: []*config.Connection{c}, Secrets: []*config.Secret{{Name: "site", PSK: secret.Bytes("key")}},
		PPKs: []*config.PPK{{Name: "text", Keys: []auth.PPK{{Name: "text"}}}}}
}

func translated(cfg *config.Config) *ike.Connection {
	return (&translator{config: cfg, port: 500}).connections()[0]
}

// nonzero complains about every field of a struct that is zero.
func nonzero(t *testing.T, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		name := v.Type().Name() + "." + v.Type().Field(i).Name
		if v.Field(i).IsZero() {
			t.Errorf("%s was forgotten", name)
		}
		if f := v.Field(i); f.Kind() == reflect.Struct && f.Type().PkgPath() == "culvert/ike" {
			nonzero(t, f)
		}
	}
}

// No field of the engine's configuration stays behind when every option is given.
func TestTranslationForgetsNoField(t *testing.T) {
	c := translated(whole(t))
	c.Reconnect.Endless = true // in place of a number of tries, which the configuration gives
	nonzero(t, reflect.ValueOf(*c))
	nonzero(t, reflect.ValueOf(*c.Children[0]))
	local := c.LocalAuth[0]
	if len(local.Credentials) != 2 || local.ID.IsAny() || !local.AllowSHA1 || len(local.Schemes) != 1 {
		t.Errorf("our authentication is %+v", local)
	}
}

// Every option makes a difference in what the engine gets.
func TestTranslationUsesEveryOption(t *testing.T) {
	for _, part := range []struct {
		name   string
		of     func(*config.Config) any
		except []string
	}{
		{"connection", func(c *config.Config) any { return c.Connections[0] }, []string{"Origin", "Source", "Local", "Remote", "Children", "PeerType"}},
		{"local", func(c *config.Config) any { return &c.Connections[0].Local }, []string{"LocalRound", "Second"}},
		{"local round", func(c *config.Config) any { return &c.Connections[0].Local.LocalRound }, []string{"Origin", "EAP", "ShowOCSP"}},
		{"credential", func(c *config.Config) any { return &c.Connections[0].Local.Credential }, nil},
		{"alternative", func(c *config.Config) any { return &c.Connections[0].Local.Alternatives[0].Credential }, nil},
		{"remote", func(c *config.Config) any { return &c.Connections[0].Remote }, []string{"RemoteRound", "Second"}},
		{"remote round", func(c *config.Config) any { return &c.Connections[0].Remote.RemoteRound }, []string{"Origin", "CRLs", "EAP"}},
		{"child", func(c *config.Config) any { return c.Connections[0].Children[0] }, []string{"Origin"}},
		{"retransmit", func(c *config.Config) any { return &c.Daemon.Retransmit }, []string{"Origin"}},
		{"secret", func(c *config.Config) any { return c.Secrets[0] }, []string{"Origin", "Path"}},
	} {
		typ := reflect.TypeOf(part.of(whole(t))).Elem()
		for i := range typ.NumField() {
			field := typ.Field(i)
			if slices.Contains(part.except, field.Name) {
				continue
			}
			t.Run(part.name+" "+field.Name, func(t *testing.T) {
				before, after := whole(t), whole(t)
				for _, cfg := range []*config.Config{before, after} { // so that two translations can be compared
					cfg.Connections[0].Remote.Revocation, cfg.Connections[0].Local.ShowOCSP = revocation.Off, false
					cfg.Connections[0].Remote.Auth = auth.MethodPSK
				}
				f := reflect.ValueOf(part.of(after)).Elem().Field(i)
				switch {
				case part.name == "secret" && field.Name == "IDs": // any identity is as good as the connection's name
					after.Secrets[0].IDs = []auth.Identity{translated(before).LocalAuth[0].ID}
				case f.IsZero():
					fill(t, f)
				default:
					f.SetZero()
				}
				if reflect.DeepEqual(translated(before), translated(after)) {
					t.Error("it makes no difference to the engine")
				}
			})
		}
	}
}

func TestTranslationOfPorts(t *testing.T) {
	cfg := whole(t)
	cfg.Connections[0].Local.Port = 0
	if got := (&translator{config: cfg, port: 1500}).connections()[0].LocalPort; got != 1500 {
		t.Errorf("without a port of its own it has %d", got)
	}
	cfg.Connections[0].Local.Port = 4500
	if got := (&translator{config: cfg, port: 1500}).connections()[0].LocalPort; got != 4500 {
		t.Errorf("with a port of its own it has %d", got)
	}
}

func TestHardLimitOfAnIKESA(t *testing.T) {
	tests := []struct {
		name                string
		rekey, reauth, over time.Duration
		want                time.Duration
	}{
		{"rekeyed", 4 * time.Hour, 0, time.Minute, 4*time.Hour + time.Minute},
		{"authenticated anew", 4 * time.Hour, 8 * time.Hour, time.Minute, 8*time.Hour + time.Minute},
		{"neither", 0, 0, time.Minute, 0},
	}
	for _, tt := range tests {
		if got := hardLimit(&config.Connection{RekeyTime: tt.rekey, ReauthTime: tt.reauth, OverTime: tt.over}); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSecretsOnlyWithPSK(t *testing.T) {
	cfg := whole(t)
	c := cfg.Connections[0]
	c.Local.Auth, c.Remote.Auth, c.Local.Key, c.Local.Alternatives, c.Remote.OCSP = auth.MethodPSK, auth.MethodPublicKey, nil, nil, config.OCSP{}
	got := translated(cfg)
	if got.LocalAuth[0].Secrets == nil || len(got.LocalAuth[0].Credentials) != 0 || got.RemoteAuth[0].Secrets != nil {
		t.Errorf("we prove with %+v and demand %+v", got.LocalAuth[0], got.RemoteAuth[0])
	}
}

func TestRevocationIsAskedForSignaturesAlone(t *testing.T) {
	tests := []struct {
		name   string
		method auth.Method
		policy revocation.Policy
		want   bool
	}{
		{"signature", auth.MethodPublicKey, revocation.IfAvailable, true},
		{"signature, strict", auth.MethodPublicKey, revocation.Strict, true},
		{"signature, off", auth.MethodPublicKey, revocation.Off, false},
		{"secret", auth.MethodPSK, revocation.Strict, false},
	}
	for _, tt := range tests {
		cfg := whole(t)
		cfg.Connections[0].Remote.Auth, cfg.Connections[0].Remote.Revocation, cfg.Connections[0].Remote.OCSP = tt.method, tt.policy, config.OCSP{}
		if got := translated(cfg).RemoteAuth[0].RevocationInfo != nil; got != tt.want {
			t.Errorf("%s: asked %v", tt.name, got)
		}
	}
}

// Answers about our certificate are looked for where there is a certificate, and they are wanted.
func TestOCSPAnswersOfOurOwn(t *testing.T) {
	for _, show := range []bool{false, true} {
		cfg := whole(t)
		cfg.Connections[0].Local.ShowOCSP, cfg.Connections[0].Remote.OCSP = show, config.OCSP{}
		if got := translated(cfg).LocalAuth[0].OCSP != nil; got != show {
			t.Errorf("shown: %v, want %v", got, show)
		}
	}
}

func TestSHA1IsAddedToWhatIsAccepted(t *testing.T) {
	own := []suite.Scheme{suite.SchemeEd25519}
	tests := []struct {
		name string
		r    config.RemoteRound
		want []suite.Scheme
	}{
		{"default", config.RemoteRound{}, nil},
		{"default and SHA-1", config.RemoteRound{AllowSHA1: true}, append(suite.DefaultSchemes(), suite.SchemeRSASHA1)},
		{"own", config.RemoteRound{Schemes: own}, own},
		{"own and SHA-1", config.RemoteRound{Schemes: own, AllowSHA1: true}, []suite.Scheme{suite.SchemeEd25519, suite.SchemeRSASHA1}},
	}
	for _, tt := range tests {
		if got := acceptedSchemes(&tt.r); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if len(own) != 1 {
		t.Error("the configuration was changed")
	}
}

func TestPoliciesAreTranslated(t *testing.T) {
	local, remote := []spd.Selector{{StartPort: 1}}, []spd.Selector{{StartPort: 2}}
	cfg := &config.Config{Policies: []*config.Policy{{Name: "lan", Action: spd.Bypass, Local: local, Remote: remote, Priority: 5}}}
	want := []dataplane.Policy{{Name: "lan", Action: spd.Bypass, Local: local, Remote: remote, Priority: 5}}
	if got := policiesOf(cfg); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestHalfOpenLimitsAreShared(t *testing.T) {
	h := config.HalfOpen{Limit: 100, PerPrefix: 10, CookieThreshold: 40, Timeout: time.Second}
	if got, want := halfOpen(h, 4), (ike.HalfOpenLimits{Total: 25, Prefix: 2, Cookie: 10, Timeout: time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	h = config.HalfOpen{Limit: 1, PerPrefix: 1, CookieThreshold: 1}
	if got := halfOpen(h, 4); got.Total != 1 || got.Prefix != 1 || got.Cookie != 1 {
		t.Errorf("a small limit became %+v", got)
	}
	h.CookieThreshold = 0
	if got := halfOpen(h, 4); got.Cookie != -1 {
		t.Errorf("always a cookie became %d", got.Cookie)
	}
}
