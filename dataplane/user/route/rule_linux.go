package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// addRule does not ask that the rule be new (NLM_F_EXCL), for which the kernel would compare it with all others.
func (h *host) addRule(r rule) error {
	err := ignoreMissingFamily(h.askRule(unix.RTM_NEWRULE, unix.NLM_F_CREATE, r))
	if err != nil {
		return fmt.Errorf("rule %d: %w", r.preference, err)
	}
	return nil
}

// restoreRule asks that the rule be new, and so leaves alone one that is there.
func (h *host) restoreRule(r rule) (missing bool, err error) {
	err = h.askRule(unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, r)
	if missing, err = restored(err); err != nil {
		return false, fmt.Errorf("rule %d: %w", r.preference, err)
	}
	return missing, nil
}

// restored reads the kernel's answer to a request to add what may be there.
func restored(err error) (missing bool, _ error) {
	if errors.Is(err, unix.EEXIST) {
		return false, nil
	}
	return err == nil, ignoreMissingFamily(err)
}

func (h *host) deleteRule(r rule) error {
	err := ignoreMissingFamily(h.askRule(unix.RTM_DELRULE, 0, r))
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove rule %d: %w", r.preference, err)
	}
	return nil
}

// findSourceFlag is FIB_RULE_FIND_SADDR.
const findSourceFlag = 0x10000

// askRule sends a request about one rule.
func (h *host) askRule(kind, flags int, r rule) error {
	req := nl.NewNetlinkRequest(kind, flags)
	m := &nl.RtMsg{RtMsg: unix.RtMsg{Family: unix.AF_INET, Type: nl.FR_ACT_NOP, Src_len: bitsOf(r.from), Dst_len: bitsOf(r.to)}}
	if r.v6 {
		m.Family = unix.AF_INET6
	}
	if r.findSource {
		m.Flags = findSourceFlag
	}
	req.AddData(m)
	number := func(kind int, v int) { req.AddData(nl.NewRtAttr(kind, nl.Uint32Attr(uint32(v)))) }
	number(nl.FRA_PRIORITY, r.preference)
	req.AddData(nl.NewRtAttr(nl.FRA_PROTOCOL, nl.Uint8Attr(protocol)))
	switch {
	case r.table != 0:
		m.Type = nl.FR_ACT_TO_TBL
		number(nl.FRA_TABLE, r.table)
	case r.jumpTo != 0:
		m.Type = nl.FR_ACT_GOTO
		number(nl.FRA_GOTO, r.jumpTo)
	}
	if r.mark != 0 {
		number(nl.FRA_FWMARK, int(r.mark))
		number(nl.FRA_FWMASK, -1)
	}
	addSelectors(req, r)
	return h.line.one(req)
}

func addSelectors(req *nl.NetlinkRequest, r rule) {
	if r.from.IsValid() && r.from.Bits() > 0 {
		req.AddData(nl.NewRtAttr(nl.FRA_SRC, r.from.Addr().AsSlice()))
	}
	if r.to.IsValid() && r.to.Bits() > 0 {
		req.AddData(nl.NewRtAttr(nl.FRA_DST, r.to.Addr().AsSlice()))
	}
	if r.protocol != 0 {
		req.AddData(nl.NewRtAttr(nl.FRA_IP_PROTO, nl.Uint8Attr(r.protocol)))
	}
	for kind, p := range map[int]ports{nl.FRA_SPORT_RANGE: r.source, nl.FRA_DPORT_RANGE: r.destination} {
		if p != (ports{}) {
			b := binary.NativeEndian.AppendUint16(nil, p.start)
			req.AddData(nl.NewRtAttr(kind, binary.NativeEndian.AppendUint16(b, p.end)))
		}
	}
}

func bitsOf(p netip.Prefix) uint8 {
	if !p.IsValid() {
		return 0
	}
	return uint8(p.Bits())
}
