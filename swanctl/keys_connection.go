package swanctl

import (
	"fmt"
	"strconv"
	"strings"

	"culvert/config"
	"culvert/explain"
)

// connectionRows are the keys of a connection.
func connectionRows() []row[*connection] {
	return append(append(addressRows(), timeRows()...), sideRows()...)
}

// addressRows are the keys about where peers are and how messages get there.
func addressRows() []row[*connection] {
	return []row[*connection]{
		{Key{"version", Scalar, Implemented, "0 and 2 are IKEv2. 1 is refused: IKEv1 is obsolete and not there (RFC 9395).", ""}, (*connection).version},
		{Key{"local_addrs", Several, Implemented, "`local.address`; a range becomes prefixes. Names of the DNS are refused: write the address.", ""}, (*connection).localAddresses},
		{Key{"remote_addrs", Several, Implemented, "`remote.address`; a range becomes prefixes. Names are looked up before each attempt.", ""}, (*connection).remoteAddresses},
		{Key{"local_port", Scalar, Implemented, "`local.port`: the port of the daemon, 500, or its NAT port, 4500.", ""}, (*connection).localPort},
		{Key{"remote_port", Scalar, Implemented, "`remote.port`.", ""}, (*connection).remotePort},
		{Key{"proposals", Several, Implemented, "`proposals`, with `post_quantum = \"off\"` so that they count as they stand. `default` are the recommended ones of Culvert. Algorithms that are too weak are refused by name.", ""}, (*connection).proposals},
		{Key{"vips", Several, Implemented, "`virtual_ips`.", ""}, (*connection).vips},
		{Key{"aggressive", Scalar, NoEffect, "IKEv1 only.", ""}, nothing[*connection](isBool)},
		{Key{"pull", Scalar, NoEffect, "IKEv1 only.", ""}, nothing[*connection](isBool)},
		{Key{"dscp", Scalar, Implemented, "`dscp`.", ""}, (*connection).dscp},
		{Key{"encap", Scalar, Implemented, "`force_encapsulation`.", ""}, setBool[*connection]("force_encapsulation")},
		{Key{"mobike", Scalar, Implemented, "`no` stays on port 500 without a NAT, else `always_nat_port`. MOBIKE is not announced, with `yes` neither, which is warned of: an address that changes means a new IKE SA. Peers behind a NAT may move (RFC 7296, Section 2.23).", ""}, (*connection).mobike},
		{Key{"fragmentation", Scalar, Implemented, "`fragmentation`; `force` is `yes`, as it is for IKEv2.", ""}, (*connection).fragmentation},
		{Key{"childless", Scalar, Implemented, "`childless`.", ""}, setWord[*connection]("childless", "allow", "prefer", "force", "never")},
		{Key{"pools", Several, Implemented, "`pools`. One that is not loaded is warned of.", ""}, (*connection).setPools},
		{Key{"unique", Scalar, Implemented, "`unique`; `never` is `initial_contact = false` as well.", ""}, (*connection).unique},
		{Key{"keyingtries", Scalar, Implemented, "`tries`; 0 and `%forever` are without end, more than a thousand are a thousand.", ""}, (*connection).keyingtries},
		{Key{"mediation", Scalar, Refused, "the mediation extension is not there, and in stock builds of strongSwan neither.", ""}, refuseUnless[*connection]("the mediation extension is not there", isNo)},
		{Key{"mediated_by", Scalar, Refused, "as `mediation`.", ""}, refuseAlways[*connection]("the mediation extension is not there")},
		{Key{"mediation_peer", Scalar, Refused, "as `mediation`.", ""}, refuseAlways[*connection]("the mediation extension is not there")},
	}
}

// timeRows are the keys about times, and about what is sent beside.
func timeRows() []row[*connection] {
	return []row[*connection]{
		{Key{"dpd_delay", Scalar, Implemented, "`dpd_delay`; without it `0s`, which is never.", ""}, setTime[*connection]("dpd_delay")},
		{Key{"dpd_timeout", Scalar, NoEffect, "IKEv1 only.", ""}, nothing[*connection](isTime)},
		{Key{"rekey_time", Scalar, Implemented, "`rekey_time`; without it 4h, or never if `reauth_time` is given.", ""}, (*connection).rekeyTime},
		{Key{"reauth_time", Scalar, Implemented, "`reauth_time`; as responder `auth_lifetime`, with `over_time` as `auth_grace`.", ""}, (*connection).reauthTime},
		{Key{"over_time", Scalar, Implemented, "`over_time`.", ""}, (*connection).overTime},
		{Key{"rand_time", Scalar, Implemented, "`rand_time`.", ""}, setTime[*connection]("rand_time")},
		{Key{"send_certreq", Scalar, Implemented, "`send_certreq`.", ""}, setBool[*connection]("send_certreq")},
		{Key{"send_cert", Scalar, Implemented, "`local.send_certificate`: `always` is true, `never` is false, `ifasked`, the default, is `if_asked`.", ""}, (*connection).sendCertificate},
		{Key{"ocsp", Scalar, Implemented, "`local.show_ocsp` for `reply` and `both`, `remote.ocsp_response` for `request` and `both`.", "6.0"}, (*connection).setOCSP},
		{Key{"ppk_id", Scalar, Implemented, "`ppk`: the secrets ppk with this identity.", ""}, func(c *connection, v value) error { c.ppk = v; return nil }},
		{Key{"ppk_required", Scalar, Implemented, "`ppk_required`.", ""}, (*connection).setPPKRequired},
		{Key{"if_id_in", Scalar, Implemented, "`if_id_in`, with the words `unique` and `unique-dir`.", ""}, setInterface[*connection]("if_id_in")},
		{Key{"if_id_out", Scalar, Implemented, "`if_id_out`, likewise.", ""}, setInterface[*connection]("if_id_out")},
	}
}

// sideRows are the sections of a connection.
func sideRows() []row[*connection] {
	return []row[*connection]{
		{Key{"local*", Block, Implemented, "`local`, and `second` in it for a second round. More are refused.", ""}, func(c *connection, v value) error { c.round(v, true); return nil }},
		{Key{"remote*", Block, Implemented, "`remote`, and `second` in it.", ""}, func(c *connection, v value) error { c.round(v, false); return nil }},
		{Key{"children", Block, Implemented, "`child` blocks.", ""}, (*connection).readChildren},
	}
}

func (c *connection) setter() *block { return c.out }

func (c *connection) version(v value) error {
	n, err := whole(v.text(), 32)
	if err == nil && n == 1 {
		return &mistake{"IKEv1 is obsolete and not there (RFC 9395)", "set version = 2 on both sides"}
	}
	if err != nil || n > 2 {
		return &mistake{fmt.Sprintf("%q is no version of IKE", v.text()), "set version = 2"}
	}
	return nil
}

func (c *connection) localAddresses(v value) error {
	all, _, err := addresses(v.texts(), false)
	if len(all) > 0 {
		c.local.set(v.origin, "address", list(all...))
	}
	return err
}

func (c *connection) remoteAddresses(v value) error {
	all, reachable, err := addresses(v.texts(), true)
	if c.reachable = reachable; len(all) > 0 {
		c.remote.set(v.origin, "address", list(all...))
	}
	return err
}

func (c *connection) localPort(v value) error {
	n, err := whole(v.text(), 16)
	if err == nil && n != 0 && n != 500 {
		c.local.set(v.origin, "port", strconv.FormatUint(n, 10))
	}
	return err
}

func (c *connection) remotePort(v value) error {
	n, err := whole(v.text(), 16)
	if err == nil && n != 0 && n != 500 {
		c.remote.set(v.origin, "port", strconv.FormatUint(n, 10))
	}
	return err
}

func (c *connection) proposals(v value) error {
	c.out.set(v.origin, "proposals", list(lowered(v.texts())...))
	return nil
}

func (c *connection) vips(v value) error {
	c.out.set(v.origin, "virtual_ips", list(v.texts()...))
	return nil
}

// dscp reads six binary digits.
func (c *connection) dscp(v value) error {
	n, err := strconv.ParseUint(v.text(), 2, 6)
	if err != nil || len(v.text()) != 6 {
		return &mistake{fmt.Sprintf("%q is no code point", v.text()), "write six binary digits, as 101110"}
	}
	if n != 0 {
		c.out.set(v.origin, "dscp", strconv.FormatUint(n, 10))
	}
	return nil
}

func (c *connection) mobike(v value) error {
	b, err := yes(v.text())
	c.out.set(v.origin, "always_nat_port", truth(b))
	if b {
		c.warn(v.origin, explain.ConfigUnused, "MOBIKE is not announced: an address that changes means a new IKE SA", "leave it out, or write no")
	}
	return err
}

func (c *connection) fragmentation(v value) error {
	w, err := word(v.text(), "yes", "accept", "no", "force")
	if w == "force" {
		w = "yes"
	}
	if err == nil {
		c.out.set(v.origin, "fragmentation", quote(w))
	}
	return err
}

func (c *connection) setPools(v value) error {
	c.pools = v
	return nil
}

func (c *connection) unique(v value) error {
	w, err := word(v.text(), "no", "never", "keep", "replace")
	if err != nil {
		return err
	}
	c.out.set(v.origin, "unique", quote(w))
	if w == "never" {
		c.out.set(v.origin, "initial_contact", "false")
	}
	return nil
}

func (c *connection) keyingtries(v value) error {
	const most = 1000
	if v.text() == "%forever" {
		c.out.set(v.origin, "tries", "0")
		return nil
	}
	n, err := whole(v.text(), 32)
	if err == nil {
		c.out.set(v.origin, "tries", strconv.FormatUint(min(n, most), 10))
	}
	return err
}

func (c *connection) rekeyTime(v value) error {
	d, err := seconds(v.text())
	if err == nil {
		c.rekey = &d
		c.out.set(v.origin, "rekey_time", duration(d))
	}
	return err
}

func (c *connection) reauthTime(v value) error {
	d, err := seconds(v.text())
	if err == nil {
		c.reauth = &d
		c.out.set(v.origin, "reauth_time", duration(d))
	}
	return err
}

func (c *connection) overTime(v value) error {
	d, err := seconds(v.text())
	if err == nil {
		c.over = &d
		c.out.set(v.origin, "over_time", duration(d))
	}
	return err
}

func (c *connection) sendCertificate(v value) (err error) {
	c.sendCert, err = word(v.text(), "ifasked", "always", "never", "yes", "no")
	return err
}

func (c *connection) setOCSP(v value) (err error) {
	c.ocsp, err = word(v.text(), "reply", "request", "both", "never")
	return err
}

func (c *connection) setPPKRequired(v value) (err error) {
	c.ppkRequired, err = yes(v.text())
	return err
}

// lowered puts proposals into small letters.
func lowered(texts []string) []string {
	for i := range texts {
		texts[i] = strings.ToLower(texts[i])
	}
	return texts
}

// unsupported refuses an object as a whole.
func (t *translation) unsupported(at origin, reason, hint string) {
	t.refuse(at.diagnostic(config.Error, explain.ConfigBadValue, reason, hint))
}
