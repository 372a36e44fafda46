package config

import (
	"culvert/auth"
	"culvert/eap"
	"culvert/eap/usim"
	"culvert/secret"
)

// LocalEAP is how we let ourselves be authenticated by EAP, as initiator.
type LocalEAP struct {
	Origin
	Identity string // "": that of IKE
	Methods  []eap.Type
	Password secret.Bytes
	SIM      *usim.Keys
	Network  string // "": any
	Keyless  bool
	TLS      LocalTLS
}

func (e *LocalEAP) schema(path string) schema {
	return schema{
		kind: "eap", path: path, origin: &e.Origin,
		doc: "How we authenticate by EAP, as initiator.",
		options: []option{
			{name: "identity", slot: one(&e.Identity, userName()), computed: "`id`", rfc: "RFC 3748, Section 5.1", aka: "local.eap_id",
				doc: "The name of the user, as the server knows it. For `aka` and `aka_prime` the IMSI, with 15 digits, and the realm if there is one, as in `232010000000000@example.org`: the digit in front that tells the method is added."},
			{name: "methods", slot: many(&e.Methods, eapMethod()), rfc: "RFC 3748, Section 5.3", aka: "local.auth",
				doc: "Methods that we agree to, best first: `mschapv2`, `md5`, `gtc`; `aka_prime` and `aka` by `sim`; `tls`, `ttls` and `peap` by the block `tls`. Of others we decline."},
			{name: "password", slot: &presharedKey[secret.Bytes]{&e.Password, new(string), plainText}, aka: "secrets.eap.secret",
				doc: "The password: `file(\"carol.password\")`, `credential(\"carol\")` from systemd, or the text itself."},
			{name: "sim", slot: simKeys(&e.SIM), rfc: "RFC 4187; RFC 9048",
				doc: "Keys of a SIM in software, for `aka` and `aka_prime`: `file(\"sim.keys\")`, `credential(\"sim\")` from systemd, or the text itself. It is `k=` and `opc=` or `op=`, each with 32 hexadecimal digits, as `culvert user sim` writes it."},
			{name: "network", slot: one(&e.Network, userName()), computed: "any", rfc: "RFC 9048, Section 3.1",
				doc: "Access network name that `aka_prime` demands of the server, such as `WLAN`."},
			{name: "keyless", slot: one(&e.Keyless, boolean()), computed: "`true` with `md5` or `gtc` among `methods`", rfc: "RFC 7296, Section 2.16",
				doc: "Accept a method that makes no keys, as MD5 and GTC do not: who is in between could use it, so that the responder's certificate is all that protects us."},
		},
		blocks: []nested{{kind: "tls", open: func() schema { return e.TLS.schema(path + ".tls") }}},
		finish: e.finish,
	}
}

func (e *LocalEAP) finish(d *decoder) {
	if !e.Given("keyless") {
		e.Keyless = keyless(e.Methods)
	}
	if e.Present() && e.Password == nil && needPassword(e.Methods) {
		d.lacks(&e.Origin, "eap", "password", "a method with a password needs it")
	}
	e.checkCard(d)
}

// RemoteEAP is how we authenticate the peer by EAP, as responder.
type RemoteEAP struct {
	Origin
	Identity    auth.Identity // pattern for whom EAP has authenticated; zero: any
	Users       string        // name of a block users
	RADIUS      string        // or name of a block radius
	Methods     []eap.Type
	Network     string
	AskIdentity bool
	Keyless     bool
	TLS         RemoteTLS
}

func (e *RemoteEAP) schema(path string) schema {
	return schema{
		kind: "eap", path: path, origin: &e.Origin,
		doc: "How we authenticate the peer by EAP, as responder.",
		options: []option{
			{name: "identity", slot: one(&e.Identity, identity()), computed: "any", rfc: "RFC 7296, Section 2.16",
				doc: "Whom EAP must have authenticated, as a name or pattern such as `*@example.org`. From then on this is the peer's identity, whatever it calls itself in IKE."},
			{name: "users", slot: one(&e.Users, blockName()),
				doc: "The block `users` with the accounts. With `tls` alone it may be left out; then everybody has access whose certificate an authority of the block `tls` has issued."},
			{name: "radius", slot: one(&e.RADIUS, blockName()), rfc: "RFC 3579",
				doc: "The block `radius` with the servers that authenticate the peer, instead of `users`. Accounting goes there too."},
			{name: "methods", slot: many(&e.Methods, eapMethod()), rfc: "RFC 3748, Section 5.3", aka: "remote.auth",
				doc: "Methods that we offer, best first: `mschapv2`, `md5`, `gtc`; `aka_prime` and `aka` for users with a `sim`; `tls`, `ttls` and `peap` by the block `tls`. A client that declines one gets the next. A RADIUS server has methods of its own."},
			{name: "network", slot: one(&e.Network, userName()), rfc: "RFC 9048, Section 3.1",
				doc: "Access network name of `aka_prime`, from which its keys are made. Clients may demand another."},
			{name: "ask_identity", slot: one(&e.AskIdentity, boolean()), rfc: "RFC 7296, Section 3.16", aka: "remote.eap_id",
				doc: "Ask for the user's name inside EAP. Windows and others call themselves something else in IKE. `false` takes the name of IKE, and spares a round trip."},
			{name: "keyless", slot: one(&e.Keyless, boolean()), computed: "`true` with `md5` or `gtc` among `methods`", rfc: "RFC 7296, Section 2.16",
				doc: "Accept a method that makes no keys, as MD5 and GTC do not."},
		},
		blocks: []nested{{kind: "tls", open: func() schema { return e.TLS.schema(path + ".tls") }}},
		finish: e.finish,
	}
}

func (e *RemoteEAP) finish(d *decoder) {
	switch {
	case e.Present() && e.Users == "" && e.RADIUS == "" && !certificatesOnly(e.Methods):
		d.missing(&e.Origin, "eap", "users or radius", "name the accounts that may log in, or the servers that know them")
	case e.Users != "" && e.RADIUS != "":
		d.contradiction(&e.Origin, "radius", "either users or radius decides who may log in")
	case e.RADIUS != "" && e.Given("methods"):
		d.contradiction(&e.Origin, "methods", "the RADIUS servers have methods of their own")
	}
	d.checkNetwork(&e.Origin, e.Methods)
	e.checkBidding(d)
	if !e.Given("keyless") {
		e.Keyless = keyless(e.Methods)
	}
}

// SameServer reports whether the EAP of two connections is one: whom they want authenticated by it, and whether its keys are
// needed, is their own affair.
func (e *RemoteEAP) SameServer(other *RemoteEAP) bool {
	for _, name := range differing(e.schema(""), other.schema("")) {
		if name != "identity" && name != "keyless" {
			return false
		}
	}
	return true
}

// keyless reports whether a method among some makes no keys.
func keyless(methods []eap.Type) bool {
	for _, m := range methods {
		if m == eap.TypeMD5Challenge || m == eap.TypeGTC {
			return true
		}
	}
	return false
}

// needPassword reports whether one of some methods authenticates with a password.
func needPassword(methods []eap.Type) bool {
	for _, m := range methods {
		if m == eap.TypeMSCHAPv2 || m == eap.TypeMD5Challenge || m == eap.TypeGTC || m == eap.TypeTTLS || m == eap.TypePEAP {
			return true
		}
	}
	return false
}

func eapMethod() reader[eap.Type] {
	r := choice("EAP method", value("mschapv2", eap.TypeMSCHAPv2), value("md5", eap.TypeMD5Challenge), value("gtc", eap.TypeGTC),
		value("tls", eap.TypeTLS), value("ttls", eap.TypeTTLS), value("peap", eap.TypePEAP),
		value("aka", eap.TypeAKA), value("aka_prime", eap.TypeAKAPrime))
	r.kind = "EAP method"
	return r
}
