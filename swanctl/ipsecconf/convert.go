package ipsecconf

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"culvert/swanctl/settings"
)

// A Note tells what was left out, or is not as it was.
type Note struct {
	settings.Place
	Text string
}

// Convert reads ipsec.conf by its absolute path and ipsec.secrets beside it, and returns both as the text of a swanctl.conf whose
// files have absolute paths. A file of Libreswan's is refused.
func Convert(files fs.FS, name string) (*settings.Section, []Note, error) {
	r := &reader{files: files}
	if err := r.file(name); err != nil {
		return nil, nil, err
	}
	if err := refuseLibreswan(r.sections); err != nil {
		return nil, nil, err
	}
	c := &converter{reader: r, dir: path.Dir(name), root: new(settings.Section), unique: "replace"}
	c.connections, c.pools = c.root.Open("connections"), c.root.Open("pools")
	c.authorities, c.shared = c.root.Open("authorities"), c.root.Open("secrets")
	for _, s := range r.sections {
		if err := c.section(s); err != nil {
			return nil, nil, err
		}
	}
	err := c.secrets(path.Join(c.dir, "ipsec.secrets"))
	return c.root, c.notes, err
}

// A converter writes sections of swanctl.conf.
type converter struct {
	*reader
	dir         string
	root        *settings.Section
	connections *settings.Section
	pools       *settings.Section
	authorities *settings.Section
	shared      *settings.Section
	unique      string
	notes       []Note
}

func (c *converter) note(at settings.Place, format string, args ...any) {
	c.notes = append(c.notes, Note{at, fmt.Sprintf(format, args...)})
}

func (c *converter) section(s *section) error {
	if s.name == "%default" {
		return nil
	}
	whole, err := c.resolved(s, nil)
	if err != nil {
		return err
	}
	switch s.kind {
	case "config":
		c.setup(whole)
	case "ca":
		c.authority(whole)
	case "conn":
		if whole.get("auto") != "ignore" && whole.get("auto") != "" {
			c.connection(whole)
		} else {
			c.note(s.place, "conn %s is not loaded by itself (auto) and is left out", s.name)
		}
	}
	return nil
}

// setup reads what is about all connections.
func (c *converter) setup(s *section) {
	for _, o := range s.options {
		switch o.name {
		case "uniqueids":
			if c.unique = o.value; o.value == "yes" {
				c.unique = "replace"
			}
		default:
			c.note(o.place, "config setup: %s is no matter of connections and is left out", o.name)
		}
	}
}

func (c *converter) authority(s *section) {
	a := c.authorities.Open(s.name)
	for _, o := range s.options {
		switch o.name {
		case "cacert":
			a.Add("file", c.path("cacerts", o.value))
		case "crluri", "crluri2", "ocspuri", "ocspuri2", "certuribase":
			name := map[string]string{"crluri": "crl_uris", "crluri2": "crl_uris", "ocspuri": "ocsp_uris", "ocspuri2": "ocsp_uris", "certuribase": "cert_uri_base"}[o.name]
			join(a, name, o.value)
		case "auto":
		default:
			c.note(o.place, "ca %s: %s has no counterpart and is left out", s.name, o.name)
		}
	}
}

// join adds a value to a list with commas.
func join(s *settings.Section, name, value string) {
	for i := range s.Items {
		if s.Items[i].Name == name {
			s.Items[i].Value = []byte(string(s.Items[i].Value) + ", " + value)
			return
		}
	}
	s.Add(name, value)
}

// path returns where a file of a folder of ipsec.d is.
func (c *converter) path(folder, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(c.dir, "ipsec.d", folder, name)
}

// connection writes one connection with one child of its name. left is our side.
func (c *converter) connection(s *section) {
	conn := c.connections.Open(s.name)
	conn.Add("unique", c.unique)
	local, remote := conn.Open("local"), conn.Open("remote")
	child := conn.Open("children").Open(s.name)
	c.sides(s, conn, child, map[string]*settings.Section{"left": local, "right": remote})
	c.lifetimes(s, conn, child)
	c.liveness(s, conn, child)
	for _, o := range s.options {
		c.plain(o, s, conn, child)
	}
}

// plain writes the options that are about a connection or its child, by the names that swanctl has for them.
func (c *converter) plain(o option, s *section, conn, child *settings.Section) {
	names := map[string]string{"mobike": "mobike", "fragmentation": "fragmentation", "forceencaps": "encap", "keyingtries": "keyingtries", "aggressive": "aggressive", "ikedscp": "dscp"}
	inside := map[string]string{"inactivity": "inactivity", "reqid": "reqid", "replay_window": "replay_window", "tfc": "tfc_padding", "installpolicy": "policies",
		"compress": "ipcomp", "mark_in": "mark_in", "mark_out": "mark_out", "sha256_96": "sha256_96", "closeaction": "close_action"}
	switch {
	case names[o.name] != "":
		set(conn, names[o.name], strings.Replace(o.value, "%forever", "0", 1))
	case inside[o.name] != "":
		set(child, inside[o.name], actionOf(o.name, o.value))
	case o.name == "mark":
		set(child, "mark_in", o.value)
		set(child, "mark_out", o.value)
	case o.name == "ike" || o.name == "esp" || o.name == "ah":
		target, name := child, o.name+"_proposals"
		if o.name == "ike" {
			target, name = conn, "proposals"
		}
		set(target, name, proposals(o.value, o.name != "ah"))
	case o.name == "type":
		set(child, "mode", strings.Replace(o.value, "passthrough", "pass", 1))
	case o.name == "auto":
		set(child, "start_action", map[string]string{"add": "none", "route": "trap", "start": "start"}[o.value])
	case o.name == "keyexchange":
		set(conn, "version", map[string]string{"ikev1": "1", "ikev2": "2", "ike": "2"}[o.value])
	case !known(o.name):
		c.note(o.place, "conn %s: %s has no counterpart and is left out", s.name, o.name)
	}
}

// known tells of options that are read elsewhere.
func known(name string) bool {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "left"), "right")
	switch strings.TrimSuffix(name, "2") {
	case "", "subnet", "id", "cert", "ca", "auth", "sourceip", "protoport", "updown", "firewall", "hostaccess", "dns", "ikeport", "sendcert", "groups", "sigkey", "certpolicy",
		"authby", "ikelifetime", "lifetime", "keylife", "margintime", "rekeymargin", "rekeyfuzz", "rekey", "reauth", "dpdaction", "dpddelay", "dpdtimeout",
		"eap_identity", "aaa_identity", "xauth", "xauth_identity", "modeconfig", "lifebytes", "lifepackets", "marginbytes", "marginpackets", "allowany", "nexthop":
		return true
	}
	return false
}

// set puts a value in the place of an earlier one.
func set(s *settings.Section, name, value string) {
	for i := range s.Items {
		if s.Items[i].Name == name && s.Items[i].Kind == settings.Value {
			s.Items[i].Value = []byte(value)
			return
		}
	}
	s.Add(name, value)
}

func actionOf(name, value string) string {
	if name != "closeaction" {
		return value
	}
	return map[string]string{"none": "none", "clear": "none", "hold": "trap", "restart": "start"}[value]
}

// proposals adds the default ones, unless an exclamation mark says that there are no others.
func proposals(value string, defaults bool) string {
	strict := strings.HasSuffix(value, "!")
	if value = strings.TrimSuffix(value, "!"); strict || !defaults {
		return value
	}
	return value + ", default"
}

// seconds reads a time of ipsec.conf.
func seconds(s string, otherwise time.Duration) time.Duration {
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(n) * time.Second
	}
	if n := len(s) - 1; n > 0 {
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[s[n]]
		if count, err := strconv.Atoi(s[:n]); err == nil && unit > 0 {
			return time.Duration(count) * unit
		}
	}
	return otherwise
}
