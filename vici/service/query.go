package service

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/metrics"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"culvert/api"
	"culvert/lease"
	"culvert/spd"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// versions tells what runs, and on what.
func (s *Service) versions(context.Context, *vici.Call) *settings.Section {
	m := new(settings.Section).Add("daemon", "culvert").Add("version", s.version)
	var host unix.Utsname
	if unix.Uname(&host) == nil {
		m.Add("sysname", unix.ByteSliceToString(host.Sysname[:])).Add("release", unix.ByteSliceToString(host.Release[:])).
			Add("machine", unix.ByteSliceToString(host.Machine[:]))
	}
	return m
}

// stats tells how the daemon is. It has no threads that wait for work, so goroutines are all busy ones of low priority.
func (s *Service) stats(ctx context.Context, _ *vici.Call) *settings.Section {
	status, err := s.daemon.Status(ctx)
	if err != nil {
		return vici.Refused(err.Error())
	}
	m := new(settings.Section)
	m.Open("uptime").Add("running", span(time.Since(status.Started))).Add("since", status.Started.Local().Format("Jan 02 15:04:05 2006"))
	goroutines := strconv.Itoa(status.Process.Goroutines)
	workers := m.Open("workers").Add("total", goroutines).Add("idle", "0")
	workers.Open("active").Add("critical", "0").Add("high", "0").Add("medium", "0").Add("low", goroutines)
	m.Open("queues").Add("critical", "0").Add("high", "0").Add("medium", "0").Add("low", "0")
	m.Add("scheduled", "0")
	halfOpen := 0
	for _, sa := range status.SAs {
		if sa.State == api.SAConnecting || sa.State == api.SAAuthenticating {
			halfOpen++
		}
	}
	m.Open("ikesas").Add("total", strconv.Itoa(len(status.SAs))).Add("half-open", strconv.Itoa(halfOpen))
	m.AddList("plugins", "vici", "updown", "counters")
	memory(m.Open("mallinfo"))
	return m
}

// memory tells what the runtime has from the system, and what of it is in use.
func memory(m *settings.Section) {
	list := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(list)
	text := func(i int) string { return strconv.FormatUint(list[i].Value.Uint64(), 10) }
	m.Add("sbrk", text(0)).Add("mmap", "0").Add("used", text(1)).Add("free", text(2))
}

// span prints a time in the largest unit of which there are more than two.
func span(d time.Duration) string {
	n, unit := int64(d/time.Second), "second"
	switch {
	case d > 48*time.Hour:
		n, unit = int64(d/(24*time.Hour)), "day"
	case d > 2*time.Hour:
		n, unit = int64(d/time.Hour), "hour"
	case d > 2*time.Minute:
		n, unit = int64(d/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// reload reads the configuration again.
func (s *Service) reload(ctx context.Context, _ *vici.Call) *settings.Section {
	_, err := s.daemon.Reload(context.WithoutCancel(ctx))
	return result(err)
}

// pools tells about address pools, and their leases if asked to.
func (s *Service) pools(ctx context.Context, call *vici.Call) *settings.Section {
	list, err := s.daemon.Pools(ctx)
	if err != nil {
		return vici.Refused(err.Error())
	}
	m, name, leases := new(settings.Section), call.Request.Text("name"), yes(call.Request, "leases")
	for _, p := range list {
		if name == "" || name == p.Name {
			s.pool(m.Open(p.Name), p, leases)
		}
	}
	return m
}

func (s *Service) pool(m *settings.Section, p api.Pool, leases bool) {
	base := anyAddress
	if c := s.daemon.Configuration().Pool(p.Name); c != nil && len(c.Addresses) > 0 {
		base = firstAddress(c.Addresses[0]).String()
	}
	m.Add("base", base).Add("size", p.Size).Add("online", strconv.Itoa(p.Online)).Add("offline", strconv.Itoa(p.Offline))
	if !leases {
		return
	}
	in := m.Open("leases")
	for i, l := range p.Leases {
		state := "offline"
		if l.Online {
			state = "online"
		}
		in.Open(strconv.Itoa(i)).Add("address", l.Address).Add("identity", l.Identity).Add("status", state)
	}
}

// firstAddress is that of the prefix that a range may have been written as: addresses that no host can have are not in it. What charon
// leases of a prefix of IPv6 lacks the last one as well.
func firstAddress(r lease.Range) netip.Addr {
	start := r.First.Prev()
	for _, end := range []netip.Addr{r.Last.Next(), r.Last} {
		if !start.IsValid() || !end.IsValid() || end == r.Last && (r.First.Is4() || r.First == r.Last) {
			continue
		}
		if _, ok := (spd.Selector{Start: start, End: end}).IsPrefix(); ok {
			return start
		}
	}
	return r.First
}
