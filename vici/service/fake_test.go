package service

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// A fake is a daemon that is told what to say.
type fake struct {
	*apitest.Fake
	config  *config.Config
	loaded  []Certificate
	fetched []Certificate
	traps   []api.Target
	counts  []api.IKECounters
	trouble map[string]error // by what is done: "close 7"
	done    []string
	hang    bool
}

func (f *fake) do(ctx context.Context, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	f.done = append(f.done, what)
	if f.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.trouble[what]
}

func (f *fake) Configuration() *config.Config { return f.config }
func (f *fake) Loaded() []Certificate         { return f.loaded }
func (f *fake) Fetched() []Certificate        { return f.fetched }
func (f *fake) Load(_ context.Context, command string, _ *settings.Section) (*settings.Section, bool) {
	return vici.Done().Add("did", command), command != "load-token"
}
func (f *fake) Raise(ctx context.Context, connection string) error {
	return f.do(ctx, "raise %s", connection)
}
func (f *fake) Up(ctx context.Context, t api.Target) error {
	f.Events().Publish(api.Event{Kind: api.EventSent, Connection: t.Connection, SAID: 9, Text: "sent something"})
	f.Events().Publish(api.Event{Kind: api.EventUp, Connection: "other", Text: "not ours"})
	return f.do(ctx, "up %v", t)
}
func (f *fake) CloseSA(ctx context.Context, sa api.SA, force bool) error {
	return f.do(ctx, "close %d %v", sa.ID, force)
}
func (f *fake) CloseChild(ctx context.Context, sa api.SA, c api.Child) error {
	return f.do(ctx, "close child %d", c.ID)
}
func (f *fake) RekeyChild(ctx context.Context, sa api.SA, c api.Child) error {
	return f.do(ctx, "rekey child %d", c.ID)
}
func (f *fake) Rekey(ctx context.Context, t api.Target, l api.Layer) error {
	return f.do(ctx, "rekey %v %s", t, l)
}
func (f *fake) Reauth(ctx context.Context, t api.Target) error { return f.do(ctx, "reauth %v", t) }
func (f *fake) Trapped(context.Context) ([]api.Target, error)  { return f.traps, nil }
func (f *fake) Names(policy string) (connection, child string) {
	if c, child, ok := strings.Cut(policy, "-"); ok {
		return c, child
	}
	return "", policy
}
func (f *fake) Install(ctx context.Context, t api.Target) error { return f.do(ctx, "install %v", t) }
func (f *fake) Uninstall(ctx context.Context, t api.Target) error {
	return f.do(ctx, "uninstall %v", t)
}
func (f *fake) IKECounters(_ context.Context, connection string, all bool) ([]api.IKECounters, error) {
	var list []api.IKECounters
	for _, c := range f.counts {
		if all || c.Connection == connection {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil, &api.Problem{Status: 404}
	}
	return list, nil
}
func (f *fake) ResetIKECounters(ctx context.Context, connection string, all bool) error {
	return f.do(ctx, "reset %s %v", connection, all)
}

func (f *fake) Redirect(ctx context.Context, r api.Redirection) (int, error) {
	return len(f.Now.SAs), f.do(ctx, "redirect %+v", r)
}

// A desk is a service of a fake with a client.
type desk struct {
	*testing.T
	*fake
	service *Service
	client  *vici.Client
	heard   []string
}

// newDesk serves a configuration in HCL until the test ends.
func newDesk(t *testing.T, text string) *desk {
	t.Helper()
	files := config.Overlay{Files: map[string][]byte{"/c.hcl": []byte(text)}}
	cfg, found := config.Source{Files: files}.Load("/c.hcl")
	if cfg == nil {
		t.Fatal(found)
	}
	d := &desk{T: t, fake: &fake{Fake: apitest.New(64), config: cfg, trouble: map[string]error{}}}
	d.service = New(d.fake, "1.2.3", slog.New(slog.NewTextHandler(t.Output(), nil)))
	d.service.services = services{"80/tcp": "http"}
	path := filepath.Join(t.TempDir(), "vici")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.service.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if d.client, err = vici.Dial(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.client.Close() })
	d.client.Event = func(name string, m *settings.Section) { d.heard = append(d.heard, name+" "+flat(m)) }
	return d
}

// flat writes a message in one line, as swanctl --raw does.
func flat(m *settings.Section) string {
	var parts []string
	for _, i := range m.Items {
		switch i.Kind {
		case settings.Sub:
			parts = append(parts, i.Name+" {"+flat(i.Section)+"}")
		case settings.List:
			parts = append(parts, i.Name+"=["+strings.Join((&settings.Section{Items: []settings.Item{i}}).Texts(i.Name), " ")+"]")
		default:
			parts = append(parts, i.Name+"="+string(i.Value))
		}
	}
	return strings.Join(parts, " ")
}

// ask does a command and returns its answer in one line, whether or not it was refused.
func (d *desk) ask(command string, pairs ...string) string {
	d.Helper()
	m := new(settings.Section)
	for i := 0; i < len(pairs); i += 2 {
		m.Add(pairs[i], pairs[i+1])
	}
	reply, err := d.client.Call(d.Context(), command, m)
	if reply == nil {
		d.Fatalf("%s: %v", command, err)
	}
	return flat(reply)
}

// list collects what a command streams.
func (d *desk) list(command, event string, pairs ...string) []string {
	d.Helper()
	if err := d.client.Register(d.Context(), event); err != nil {
		d.Fatal(err)
	}
	d.heard = nil
	if got := d.ask(command, pairs...); got != "" {
		d.Errorf("%s answers %s", command, got)
	}
	list := slices.Clone(d.heard)
	if err := d.client.Unregister(d.Context(), event); err != nil {
		d.Fatal(err)
	}
	return list
}

// is expects one line, and nothing else.
func (d *desk) is(got []string, want ...string) {
	d.Helper()
	if !slices.Equal(got, want) {
		d.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// ago is a time in the past that has the same number of whole seconds for a while.
func ago(seconds int) time.Time {
	return time.Now().Add(-time.Duration(seconds)*time.Second - 100*time.Millisecond)
}

// hence likewise.
func hence(seconds int) *time.Time {
	t := time.Now().Add(time.Duration(seconds)*time.Second + 900*time.Millisecond)
	return &t
}
