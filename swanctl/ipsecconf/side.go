package ipsecconf

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"culvert/swanctl/settings"
)

// sides writes addresses, identities, proofs and traffic of left, which is taken for ours, and right.
func (c *converter) sides(s *section, conn, child *settings.Section, rounds map[string]*settings.Section) {
	for _, side := range []struct{ name, end string }{{"left", "local"}, {"right", "remote"}} {
		if addr := strings.TrimPrefix(s.get(side.name), "%defaultroute"); addr != "" {
			conn.Add(side.end+"_addrs", strings.ReplaceAll(addr, "%", "%"))
		}
		if port := s.get(side.name + "ikeport"); port != "" {
			conn.Add(side.end+"_port", port)
		}
		c.traffic(s, child, side.name, side.end)
		c.proof(s, rounds[side.name], side.name, "")
		if s.get(side.name+"auth2") != "" {
			second := conn.Open(side.end + "-2")
			second.Add("round", "2")
			c.proof(s, second, side.name, "2")
		}
	}
	c.addresses(s, conn)
	if script := s.get("leftupdown"); script != "" {
		child.Add("updown", script)
	} else if s.get("leftfirewall") == "yes" {
		child.Add("updown", "/usr/lib/ipsec/_updown iptables")
	}
	if s.get("lefthostaccess") == "yes" {
		child.Add("hostaccess", "yes")
	}
	if send := s.get("leftsendcert"); send != "" {
		conn.Add("send_cert", send)
	}
}

// traffic writes the selectors of a side.
func (c *converter) traffic(s *section, child *settings.Section, side, end string) {
	nets, upper := s.get(side+"subnet"), s.get(side+"protoport")
	if nets == "" && upper == "" {
		return
	}
	if upper != "" {
		upper = "[" + strings.ReplaceAll(upper, "%any", "any") + "]"
	}
	var all []string
	for net := range strings.SplitSeq(cmp.Or(nets, "dynamic"), ",") {
		net = strings.TrimSpace(net)
		if strings.HasPrefix(net, "%dynamic") {
			net = "dynamic" + strings.TrimPrefix(net, "%dynamic")
		}
		if !strings.Contains(net, "[") {
			net += upper
		}
		all = append(all, net)
	}
	child.Add(end+"_ts", strings.Join(all, ", "))
}

// proof writes how a side authenticates in a round.
func (c *converter) proof(s *section, round *settings.Section, side, number string) {
	method := s.get(side + "auth" + number)
	if method == "" && number == "" {
		method = map[string]string{"secret": "psk", "psk": "psk", "xauthpsk": "xauth", "xauthrsasig": "xauth", "never": "pubkey"}[s.get("authby")]
	}
	round.Add("auth", strings.Replace(cmp.Or(method, "pubkey"), "secret", "psk", 1))
	id := s.get(side + "id" + number)
	if id == "" && s.get(side+"cert"+number) == "" && number == "" && isAddress(s.get(side)) {
		id = s.get(side)
	}
	if id != "" {
		round.Add("id", strings.TrimPrefix(id, "%"))
	}
	if cert := s.get(side + "cert" + number); cert != "" {
		round.Add("certs", c.path("certs", cert))
	}
	if key := s.get(side + "sigkey"); key != "" && number == "" {
		round.Add("pubkeys", c.path("certs", key))
	}
	if name := s.get("eap_identity"); name != "" && strings.HasPrefix(method, "eap") {
		round.Add("eap_id", strings.Replace(name, "%identity", "%any", 1))
	}
	if name := s.get("aaa_identity"); name != "" && side == "left" && strings.HasPrefix(method, "eap") {
		round.Add("aaa_id", name)
	}
	if side == "right" {
		c.demands(s, round, number)
	}
}

// demands writes what is asked of a peer beyond its proof.
func (c *converter) demands(s *section, round *settings.Section, number string) {
	if groups := s.get("rightgroups" + number); groups != "" {
		round.Add("groups", groups)
	}
	if policy := s.get("rightcertpolicy"); policy != "" {
		round.Add("cert_policy", policy)
	}
	switch ca := s.get("rightca" + number); {
	case ca == "" || ca == "%same":
	case strings.Contains(ca, "="):
		round.Add("ca_id", ca)
	default:
		round.Add("cacerts", c.path("cacerts", ca))
	}
}

func isAddress(s string) bool {
	return s != "" && !strings.HasPrefix(s, "%") && !strings.ContainsAny(s, ",/-")
}

// addresses writes what we ask for as client, and what we hand out as gateway.
func (c *converter) addresses(s *section, conn *settings.Section) {
	if wish := s.get("leftsourceip"); wish != "" {
		conn.Add("vips", strings.NewReplacer("%config4", "0.0.0.0", "%config6", "::", "%config", "0.0.0.0", "%modeconfig", "0.0.0.0").Replace(wish))
	}
	give := s.get("rightsourceip")
	if give == "" {
		return
	}
	var names []string
	for n, addrs := range strings.Split(give, ",") {
		addrs = strings.TrimSpace(addrs)
		if strings.HasPrefix(addrs, "%") {
			c.note(s.place, "conn %s: rightsourceip = %s names a pool of a database or DHCP server, which has no counterpart", s.name, addrs)
			continue
		}
		name := fmt.Sprintf("%s-%d", s.name, n+1)
		pool := c.pools.Open(name)
		pool.Add("addrs", addrs)
		if dns := s.get("rightdns"); dns != "" {
			pool.Add("dns", dns)
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		conn.Add("pools", strings.Join(names, ", "))
	}
}

// lifetimes turns the ends of ipsec.conf, which a margin comes before, into the times of rekeying of swanctl.
func (c *converter) lifetimes(s *section, conn, child *settings.Section) {
	margin := seconds(cmp.Or(s.get("margintime"), s.get("rekeymargin")), 9*time.Minute)
	fuzz := 100
	fmt.Sscanf(s.get("rekeyfuzz"), "%d%%", &fuzz)
	random := margin * time.Duration(fuzz) / 100
	ike, ipsec := seconds(s.get("ikelifetime"), 3*time.Hour), seconds(cmp.Or(s.get("lifetime"), s.get("keylife")), time.Hour)
	if s.get("rekey") == "no" {
		conn.Add("rekey_time", "0s")
		child.Add("rekey_time", "0s").Add("life_time", text(ipsec))
		return
	}
	name := "reauth_time"
	if s.get("reauth") == "no" {
		name = "rekey_time"
	}
	conn.Add(name, text(max(ike-margin, time.Second))).Add("over_time", text(margin)).Add("rand_time", text(min(random, (ike-margin)/2)))
	child.Add("rekey_time", text(max(ipsec-margin, time.Second))).Add("life_time", text(ipsec)).Add("rand_time", text(min(random, (ipsec-margin)/2)))
}

func text(d time.Duration) string { return fmt.Sprintf("%ds", max(d, 0)/time.Second) }

// liveness writes whether dead peers are looked for: ipsec.conf does so where something is to follow.
func (c *converter) liveness(s *section, conn, child *settings.Section) {
	action := map[string]string{"clear": "clear", "hold": "trap", "restart": "restart"}[s.get("dpdaction")]
	if action == "" {
		return
	}
	conn.Add("dpd_delay", text(seconds(s.get("dpddelay"), 30*time.Second)))
	child.Add("dpd_action", action)
}
