package xfrm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"culvert/dataplane"
	"culvert/explain"
)

// refusals are the kernel's counters of ESP packets out of which nothing comes, so that each stands for one packet.
func refusals() []string {
	return []string{
		"XfrmInError", "XfrmInBufferError", "XfrmInHdrError", "XfrmInNoStates", "XfrmInStateProtoError", "XfrmInStateModeError",
		"XfrmInStateSeqError", "XfrmInStateExpired", "XfrmInStateMismatch", "XfrmInStateInvalid", "XfrmInStateDirError",
	}
}

// judge tells of packets what the kernel's counters say, which have risen by so much since the batch before. Where one counter
// of refusals rose by just as much as there are ESP packets in a complete batch out of which nothing came, it is those. Everything
// else is told with the last packet, since it may be of any.
func judge(batch []dataplane.TappedPacket, rose Stat, complete bool) {
	if len(batch) == 0 || len(rose) == 0 {
		return
	}
	rose = maps.Clone(rose)
	fruitless := unopened(batch)
	if name := onlyRefusal(rose); complete && name != "" && rose[name] == uint64(len(fruitless)) {
		for _, i := range fruitless {
			batch[i].Note = "dropped: " + inWords(name)
		}
		delete(rose, name)
	}
	last := &batch[len(batch)-1]
	for _, name := range slices.Sorted(maps.Keys(rose)) {
		last.Note = strings.TrimPrefix(fmt.Sprintf("%s; counted by the kernel up to here: %d of %s", last.Note, rose[name], inWords(name)), "; ")
	}
}

// unopened lists the ESP packets that arrived and were not followed by what is inside of them before the next of their SA.
func unopened(batch []dataplane.TappedPacket) (list []int) {
	waiting := map[uint32]int{}
	for i := range batch {
		p := &batch[i]
		switch {
		case p.Direction != dataplane.Inbound:
		case p.Inner:
			delete(waiting, p.SPI)
		default:
			if earlier, ok := waiting[p.SPI]; ok {
				list = append(list, earlier)
			}
			waiting[p.SPI] = i
		}
	}
	return slices.AppendSeq(list, maps.Values(waiting))
}

// onlyRefusal is the counter of refusals that rose, "" if it is none or several.
func onlyRefusal(rose Stat) (only string) {
	for _, name := range refusals() {
		switch {
		case rose[name] == 0:
		case only != "":
			return ""
		default:
			only = name
		}
	}
	return only
}

// inWords is a counter with what it says.
func inWords(name string) string {
	e, _ := explain.Lookup(explain.KernelCounter(name))
	return strings.TrimSpace(fmt.Sprintf("%s (%s)", counterName(name), e.Title))
}
