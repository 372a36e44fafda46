package swanctl

import (
	"fmt"
	"strconv"
	"strings"
)

// childRows are the keys of a child.
func childRows() []row[*child] {
	return append(append(trafficRows(), lifeRows()...), kernelRows()...)
}

// trafficRows are the keys about what a child carries, and when.
func trafficRows() []row[*child] {
	return []row[*child]{
		{Key{"esp_proposals", Several, Implemented, "`esp_proposals`; `default` are the recommended ones of Culvert. Algorithms that are too weak are refused by name.", ""}, (*child).espProposals},
		{Key{"ah_proposals", Several, Refused, "AH is not there: ESP does the same and works across NAT. ESP without encryption is `null`.", ""}, refuseAH},
		{Key{"local_ts", Several, Implemented, "`local`, names of services and protocols included.", ""}, (*child).localSelectors},
		{Key{"remote_ts", Several, Implemented, "`remote`.", ""}, (*child).remoteSelectors},
		{Key{"mode", Scalar, Implemented, "`tunnel` and `transport` are `mode`; `iptfs` is the block `iptfs` with `mode = \"as-needed\"`, `require = false`; `pass` and `drop` are `policy` blocks. `beet` and `transport_proxy` are refused.", ""}, (*child).setMode},
		{Key{"start_action", Scalar, Implemented, "`start`. With `trap`, traffic waits until the tunnel is up, in transport mode also with hosts that `remote_addrs` does not name; otherwise `when_down = \"clear\"`, as strongSwan lets it pass.", ""}, (*child).startAction},
		{Key{"close_action", Scalar, Implemented, "`on_close`.", ""}, action("on_close", "none", "start")},
		{Key{"dpd_action", Scalar, Implemented, "`dpd_action`.", ""}, action("dpd_action", "clear", "restart")},
		{Key{"inactivity", Scalar, Implemented, "`inactivity`.", ""}, setTime[*child]("inactivity")},
		{Key{"updown", Scalar, Implemented, "`updown`.", ""}, (*child).updown},
		{Key{"hostaccess", Scalar, Implemented, "`host_access`; without `updown` it has no effect, which is warned of.", ""}, (*child).hostAccess},
		{Key{"policies", Scalar, Implemented, "`install_policies`.", ""}, setBool[*child]("install_policies")},
		{Key{"policies_fwd_out", Scalar, Implemented, "`forward_policies`.", ""}, setBool[*child]("forward_policies")},
		{Key{"ipcomp", Scalar, Refused, "compression beside encryption tells of what is inside, and is not there.", ""}, refuseUnless[*child]("IPComp is not there", isNo)},
		{Key{"sha256_96", Scalar, Implemented, "`sha256_96`.", ""}, setBool[*child]("sha256_96")},
		{Key{"reqid", Scalar, Implemented, "`reqid`.", ""}, setNumber("reqid")},
		{Key{"tfc_padding", Scalar, Implemented, "`tfc`.", ""}, (*child).tfc},
		{Key{"replay_window", Scalar, Implemented, "`replay_window`; 1 to 63 are 64. Without it 1024, as packets of fast networks come in more disorder than 32.", ""}, (*child).replayWindow},
		{Key{"copy_df", Scalar, Implemented, "`df`: `no` is `clear`.", ""}, (*child).outerHeader},
		{Key{"copy_ecn", Scalar, Implemented, "`copy_ecn`.", "6.0"}, (*child).outerHeader},
		{Key{"copy_dscp", Scalar, Implemented, "`copy_dscp`: `out` is true, `no` is false, `in` is `in`, `yes` is `both`.", "6.0"}, (*child).copyDSCP},
		{Key{"icmp", Scalar, Implemented, "`icmp`.", "6.0"}, setBool[*child]("icmp")},
	}
}

// lifeRows are the keys about lifetimes. Each trio is written in finishLimits.
func lifeRows() (rows []row[*child]) {
	for _, unit := range []string{"time", "bytes", "packets"} {
		for _, kind := range []string{"rekey_", "life_", "rand_"} {
			note := "`" + kind + unit + "`."
			if kind == "rekey_" {
				note = "`" + kind + unit + "`; without it a tenth less than `life_" + unit + "`."
			}
			rows = append(rows, row[*child]{Key{kind + unit, Scalar, Implemented, note, ""}, func(c *child, v value) error {
				c.limits[kind+unit] = v
				_, err := limit(unit, v.text())
				return err
			}})
		}
	}
	return rows
}

// kernelRows are the keys that are about the kernel.
func kernelRows() []row[*child] {
	return []row[*child]{
		{Key{"priority", Scalar, Implemented, "`priority`, which counts upwards: 400000 less the value, so that 0, the default, is among the others.", ""}, (*child).priority},
		{Key{"interface", Scalar, Implemented, "`device`.", ""}, (*child).device},
		{Key{"mark_in", Scalar, Implemented, "`mark_in`, with the words `unique` and `unique-dir`. The mask of those begins at the lowest bit.", ""}, setMark("mark_in", unique, perDirection)},
		{Key{"mark_in_sa", Scalar, Implemented, "`mark_in_sa`.", ""}, setBool[*child]("mark_in_sa")},
		{Key{"mark_out", Scalar, Implemented, "`mark_out`, as `mark_in`.", ""}, setMark("mark_out", unique, perDirection)},
		{Key{"set_mark_in", Scalar, Implemented, "`set_mark_in`, with the word `same`.", ""}, setMark("set_mark_in", sameValue)},
		{Key{"set_mark_out", Scalar, Implemented, "`set_mark_out`, with the word `same`.", ""}, setMark("set_mark_out", sameValue)},
		{Key{"if_id_in", Scalar, Implemented, "`if_id_in`, with the words `unique` and `unique-dir`.", ""}, setInterface[*child]("if_id_in")},
		{Key{"if_id_out", Scalar, Implemented, "`if_id_out`, likewise.", ""}, setInterface[*child]("if_id_out")},
		{Key{"label", Scalar, Refused, "labels are not negotiated (RFC 9478); `security_label` of culvert.hcl puts one on SAs and policies alone.", ""}, refuseAlways[*child]("labels are not negotiated here")},
		{Key{"label_mode", Scalar, Refused, "as `label`; `system` is taken.", ""}, refuseUnless[*child]("labels are not negotiated here", func(s string) bool { return s == "system" })},
		{Key{"hw_offload", Scalar, Implemented, "`hw_offload`; `yes` is `crypto`.", ""}, (*child).offload},
		{Key{"per_cpu_sas", Scalar, Implemented, "`per_cpu_sas` (RFC 9611). `encap` is refused: it is of no standard.", "6.0"}, (*child).perCPU},
	}
}

func refuseAH(c *child, v value) error {
	if len(v.texts()) == 0 {
		return nil
	}
	return &mistake{"AH is not there", "use esp_proposals; ESP without encryption is null, as in null-sha256"}
}

func (c *child) espProposals(v value) error {
	c.out.set(v.origin, "esp_proposals", list(lowered(v.texts())...))
	return nil
}

func (c *child) localSelectors(v value) (err error) {
	c.local, err = c.selectors(v, "local")
	return err
}

func (c *child) remoteSelectors(v value) (err error) {
	c.remote, err = c.selectors(v, "remote")
	return err
}

func (c *child) selectors(v value, name string) (all []string, err error) {
	for _, s := range v.texts() {
		one, err := selector(s)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) > 0 {
		c.out.set(v.origin, name, list(all...))
	}
	return all, nil
}

func (c *child) setMode(v value) error {
	w, err := word(v.text(), "tunnel", "transport", "transport_proxy", "iptfs", "beet", "pass", "drop")
	c.mode, c.modeAt = w, v.origin
	switch {
	case err != nil:
		return err
	case w == "beet" || w == "transport_proxy":
		return &mistake{w + " is not there", "use tunnel or transport"}
	case w == "transport":
		c.out.set(v.origin, "mode", quote(w))
	}
	return nil
}

// actionWord is the word of Culvert for what is done, "" for what nobody knows.
func actionWord(s string) string {
	return map[string]string{"none": "none", "clear": "none", "trap": "trap", "route": "trap", "start": "start", "restart": "start",
		"trap|start": "trap|start", "start|trap": "trap|start", "route|start": "trap|start", "start|route": "trap|start"}[strings.ToLower(strings.ReplaceAll(s, " ", ""))]
}

func (c *child) startAction(v value) error {
	w := actionWord(v.text())
	if w == "" {
		return wrongAction(v)
	}
	c.start = v
	if w != "none" {
		c.actions = append(c.actions, "start")
		c.out.set(v.origin, "start", quote(w))
	}
	if strings.Contains(w, "start") {
		c.connection.out.set(c.connection.origin, "keep_up", "false")
	}
	return nil
}

func wrongAction(v value) error {
	return &mistake{fmt.Sprintf("%q is no action", v.text()), "write none, trap, start or trap|start"}
}

// action reads what is done at an end. Culvert calls nothing and starting otherwise in each.
func action(name, none, start string) func(*child, value) error {
	return func(c *child, v value) error {
		w := actionWord(v.text())
		if w == "" {
			return wrongAction(v)
		}
		if w == "none" {
			return nil
		}
		c.actions = append(c.actions, name)
		c.out.set(v.origin, name, quote(strings.ReplaceAll(w, "start", start)))
		return nil
	}
}

func (c *child) updown(v value) error {
	if v.text() != "" {
		c.command = true
		c.out.set(v.origin, "updown", quote(v.text()))
	}
	return nil
}

func (c *child) hostAccess(v value) error {
	c.host = v
	return isBool(v.text())
}

func (c *child) tfc(v value) error {
	if strings.EqualFold(v.text(), "mtu") {
		c.out.set(v.origin, "tfc", `"mtu"`)
		return nil
	}
	n, err := whole(v.text(), 16)
	if err == nil && n > 0 {
		c.out.set(v.origin, "tfc", strconv.FormatUint(n, 10))
	}
	return err
}

func (c *child) replayWindow(v value) error {
	n, err := whole(v.text(), 32)
	if err == nil && n > 0 {
		n = max(n, 64)
	}
	if err == nil {
		c.out.set(v.origin, "replay_window", strconv.FormatUint(n, 10))
	}
	return err
}

func (c *child) outerHeader(v value) error {
	c.header = append(c.header, v)
	return isBool(v.text())
}

func (c *child) copyDSCP(v value) error {
	_, err := word(v.text(), "out", "in", "yes", "no")
	c.header = append(c.header, v)
	return err
}

// Priority turns a priority of strongSwan, where less is more, into one of ours, where more is, and one of ours into one of strongSwan.
func Priority(n int64) int64 {
	const middle = 400_000 // about what strongSwan gives to policies by itself
	return middle - n
}

func (c *child) priority(v value) error {
	n, err := whole(v.text(), 32)
	if err == nil && n != 0 {
		c.out.set(v.origin, "priority", strconv.FormatInt(max(Priority(int64(n)), -1_000_000), 10))
	}
	return err
}

func (c *child) device(v value) error {
	if v.text() != "" {
		c.out.set(v.origin, "device", quote(v.text()))
	}
	return nil
}

func (c *child) offload(v value) error {
	w, err := word(v.text(), "no", "yes", "crypto", "packet", "auto")
	if w == "yes" {
		w = "crypto"
	}
	if err == nil && w != "no" {
		c.out.set(v.origin, "hw_offload", quote(w))
	}
	return err
}

func (c *child) perCPU(v value) error {
	if strings.EqualFold(v.text(), "encap") {
		return &mistake{"UDP ports for each processor are of no standard", "write yes"}
	}
	b, err := yes(v.text())
	if err == nil {
		c.out.set(v.origin, "per_cpu_sas", truth(b))
	}
	return err
}

// setNumber writes a number that is not 0.
func setNumber(name string) func(*child, value) error {
	return func(c *child, v value) error {
		n, err := whole(v.text(), 32)
		if err == nil && n != 0 {
			c.out.set(v.origin, name, strconv.FormatUint(n, 10))
		}
		return err
	}
}
