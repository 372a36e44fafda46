package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"culvert/api"
	"culvert/bugreport"
	"culvert/doctor"
	"culvert/selftest"
)

// How much of the past is gathered.
const (
	reportLines  = 5000
	reportTraces = 30
)

// reportSources are all there are.
func (a *app) reportSources(c *api.Client, p *doctor.Patient) []bugreport.Source {
	list := []bugreport.Source{
		{Name: "version.json", About: "version of this command, system, processor", Collect: a.reportVersion},
		{Name: "doctor.json", About: "what `culvert doctor` finds", Collect: func(ctx context.Context) ([]byte, error) { return document(doctor.Examine(ctx, p), nil) }},
		{Name: "configuration.json", About: "the configuration on the disk as it counts, secrets out", Collect: func(context.Context) ([]byte, error) { return effective(p) }},
		{Name: "diagnostics.txt", About: "mistakes and warnings of the configuration", Collect: func(context.Context) ([]byte, error) { return []byte(p.Diagnostics.String()), nil }},
		{Name: "status.json", About: "status of the daemon with connections, IKE SAs, counters and its process", Collect: func(ctx context.Context) ([]byte, error) { return document(c.Status(ctx)) }},
		{Name: "running-configuration.json", About: "the configuration in use, secrets out", Collect: func(ctx context.Context) ([]byte, error) { return document(c.Configuration(ctx)) }},
		{Name: "pools.json", About: "address pools and leases", Collect: func(ctx context.Context) ([]byte, error) { return document(c.Pools(ctx)) }},
		{Name: "log.jsonl", About: "the last lines of the log", Collect: func(ctx context.Context) ([]byte, error) { return reportLog(ctx, c) }},
		{Name: "events.jsonl", About: "the last events", Collect: func(ctx context.Context) ([]byte, error) { return reportEvents(ctx, c) }},
		{Name: "traces.jsonl", About: "the last exchanges with peers, message by message", Collect: func(ctx context.Context) ([]byte, error) { return reportTracesOf(ctx, c) }},
		{Name: "process.txt", About: "the daemon's process: state, limits", Collect: func(context.Context) ([]byte, error) { return a.reportFiles("proc/[0-9]*/comm", daemonFiles) }},
		{Name: "sysctl.txt", About: "settings of the kernel's network", Collect: func(context.Context) ([]byte, error) { return a.reportSettings() }},
		{Name: "xfrm-counters.txt", About: "what the kernel has counted of ESP", Collect: func(context.Context) ([]byte, error) {
			return fs.ReadFile(a.Host.Files(), "proc/thread-self/net/xfrm_stat")
		}},
		{Name: "system.txt", About: "the operating system", Collect: func(context.Context) ([]byte, error) { return fs.ReadFile(a.Host.Files(), "etc/os-release") }},
	}
	return append(list, a.reportCommands()...)
}

// reportCommands are programs that tell of the kernel. SAs are listed without keys.
func (a *app) reportCommands() []bugreport.Source {
	var list []bugreport.Source
	for _, c := range []struct{ name, about, line string }{
		{"links.txt", "network interfaces", "ip -d -s link show"},
		{"addresses.txt", "addresses", "ip addr show"},
		{"rules.txt", "rules of routing", "ip rule show"},
		{"rules6.txt", "rules of routing for IPv6", "ip -6 rule show"},
		{"routes.txt", "routes of all tables", "ip route show table all"},
		{"routes6.txt", "routes of all tables for IPv6", "ip -6 route show table all"},
		{"xfrm-states.txt", "SAs of the kernel, without keys", "ip -s xfrm state list nokeys"},
		{"xfrm-policies.txt", "policies of the kernel", "ip -s xfrm policy list"},
		{"sockets.txt", "who listens on UDP and TCP ports", "ss -lnupt"},
		{"nftables.txt", "rules of the packet filter", "nft list ruleset"},
	} {
		words := strings.Fields(c.line)
		list = append(list, bugreport.Source{Name: c.name, About: c.about + " (`" + c.line + "`)", Collect: func(ctx context.Context) ([]byte, error) {
			return a.Command(ctx, words[0], words[1:]...)
		}})
	}
	return list
}

// document writes what somebody has told as JSON that people can read.
func document(v any, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("%s", reason(err))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(v)
	return b.Bytes(), err
}

func effective(p *doctor.Patient) ([]byte, error) {
	if p.Config == nil {
		return nil, fmt.Errorf("%s cannot be used; see diagnostics.txt", p.Path)
	}
	return document(p.Config.Effective(), nil)
}

func (a *app) reportVersion(context.Context) ([]byte, error) {
	return document(struct {
		Version   string             `json:"version"`
		API       string             `json:"api"`
		Go        string             `json:"go"`
		System    string             `json:"system"`
		CPUs      int                `json:"cpus"`
		Processor selftest.Processor `json:"processor"`
	}{a.Version, api.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), selftest.ThisProcessor()}, nil)
}

// lines writes documents on a line each.
func lines[T any](run func(each func(T) error) error) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := run(func(v T) error { return e.Encode(v) }); err != nil {
		return b.Bytes(), fmt.Errorf("%s", reason(err))
	}
	return b.Bytes(), nil
}

func reportLog(ctx context.Context, c *api.Client) ([]byte, error) {
	return lines(func(each func(api.LogEntry) error) error {
		return c.Log(ctx, api.Follow{Backlog: reportLines, Once: true}, each, func(uint64) {})
	})
}

func reportEvents(ctx context.Context, c *api.Client) ([]byte, error) {
	return lines(func(each func(api.Event) error) error {
		return c.Events(ctx, api.Follow{Backlog: reportLines, Once: true}, each, func(uint64) {})
	})
}

// reportTracesOf are the newest traces.
func reportTracesOf(ctx context.Context, c *api.Client) ([]byte, error) {
	return lines(func(each func(api.Trace) error) error {
		list, err := c.Traces(ctx, "")
		for _, t := range list[:min(len(list), reportTraces)] {
			whole, err := c.Trace(ctx, t.ID)
			if err != nil {
				continue // it was forgotten meanwhile
			}
			if err := each(whole); err != nil {
				return err
			}
		}
		return err
	})
}

// reportFiles reads files that belong to others, which a pattern finds.
func (a *app) reportFiles(pattern string, of func(fs.FS, string) []string) ([]byte, error) {
	files := a.Host.Files()
	found, err := fs.Glob(files, pattern)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, f := range found {
		for _, name := range of(files, f) {
			if text, err := fs.ReadFile(files, name); err == nil {
				fmt.Fprintf(&b, "/%s:\n%s\n", name, text)
			}
		}
	}
	return b.Bytes(), nil
}

// daemonFiles are about a process of the daemon, by the file with its name.
func daemonFiles(files fs.FS, comm string) []string {
	text, err := fs.ReadFile(files, comm)
	if err != nil || !strings.HasPrefix(string(text), "culvert") {
		return nil
	}
	folder := strings.TrimSuffix(comm, "comm")
	return []string{folder + "status", folder + "limits", folder + "sched"}
}

// reportSettings reads sysctls.
func (a *app) reportSettings() ([]byte, error) {
	var all []byte
	for _, pattern := range []string{
		"proc/sys/net/ipv4/ip_forward", "proc/sys/net/ipv6/conf/*/forwarding", "proc/sys/net/ipv4/conf/*/rp_filter", "proc/sys/net/ipv4/conf/*/disable_xfrm",
		"proc/sys/net/ipv4/conf/*/disable_policy", "proc/sys/net/ipv4/conf/*/accept_local", "proc/sys/net/ipv4/ip_no_pmtu_disc", "proc/sys/net/core/[rw]mem_*", "proc/sys/net/core/xfrm_*",
		"proc/sys/net/ipv4/ping_group_range",
	} {
		b, err := a.reportFiles(pattern, func(_ fs.FS, name string) []string { return []string{name} })
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}
