package service

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// initiate brings up a child, or an IKE SA alone.
func (s *Service) initiate(ctx context.Context, call *vici.Call) *settings.Section {
	ike, child := call.Request.Text("ike"), call.Request.Text("child")
	kind, name := "CHILD_SA", child
	if child == "" {
		kind, name = "IKE_SA", ike
	}
	if name == "" {
		return vici.Refused("missing configuration name")
	}
	connection, ok := s.find(ike, child)
	if !ok {
		return vici.Refused(fmt.Sprintf("%s config '%s' not found", kind, name))
	}
	timeout := integer(call.Request, "timeout", 0)
	begin := func(ctx context.Context) error {
		if child == "" {
			return s.daemon.Raise(ctx, connection)
		}
		return s.daemon.Up(ctx, api.Target{Connection: connection, Child: child})
	}
	about := func(ev api.Event) bool { return ev.Connection == connection }
	switch err := s.wait(ctx, call, timeout, about, begin); {
	case timeout < 0 || err == nil:
		return vici.Done()
	case timedOut(err):
		return vici.Refused(fmt.Sprintf("%s '%s' not established after %dms", kind, name, timeout))
	default:
		return vici.Refused(fmt.Sprintf("establishing %s '%s' failed", kind, name)).Add("cause", cut(err.Error()))
	}
}

// find returns the connection that has a child of a name, or of that name itself when no child is named.
func (s *Service) find(ike, child string) (connection string, ok bool) {
	for _, c := range s.daemon.Configuration().Connections {
		if (ike == "" || ike == c.Name) && (child == "" || hasChild(c, child)) {
			return c.Name, true
		}
	}
	return "", false
}

func hasChild(c *config.Connection, name string) bool { return c.Child(name) != nil }

// wait has something done and waits for it: for so many milliseconds, for ever if that is 0, and not at all if it is less. What happens
// meanwhile is told to who asked.
func (s *Service) wait(ctx context.Context, call *vici.Call, timeout int, about func(api.Event) bool, do func(context.Context) error) error {
	ctx, cancel := patience(ctx, timeout)
	defer cancel()
	log := &controlLog{level: integer(call.Request, "loglevel", levelControl), about: about, stream: call.Stream, reading: s.daemon.Events().Tail(0)}
	if timeout < 0 {
		return do(ctx)
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	told := make(chan struct{})
	go func() {
		defer close(told)
		log.follow(following)
	}()
	err := do(ctx)
	stop()
	<-told
	return err
}

// patience is a context that ends after so many milliseconds, never if that is 0, and at once if it is less.
func patience(ctx context.Context, milliseconds int) (context.Context, context.CancelFunc) {
	if milliseconds > 0 {
		return context.WithTimeout(ctx, time.Duration(milliseconds)*time.Millisecond)
	}
	ctx, cancel := context.WithCancel(ctx)
	if milliseconds < 0 {
		cancel()
	}
	return ctx, cancel
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// terminate closes what is selected, one after the other.
func (s *Service) terminate(ctx context.Context, call *vici.Call) *settings.Section {
	want := selected(call.Request)
	if want.empty() {
		return vici.Refused("missing terminate selector")
	}
	status, err := s.daemon.Status(ctx)
	if err != nil {
		return vici.Refused(err.Error())
	}
	force, timeout := yes(call.Request, "force"), integer(call.Request, "timeout", 0)
	matches, done := want.matches(status.SAs), 0
	if name, ok := want.waiting(status.Connections); ok && len(matches) == 0 {
		return s.withdraw(ctx, name)
	}
	for _, m := range matches {
		about := func(ev api.Event) bool { return ev.SAID == m.sa.ID }
		err := s.wait(ctx, call, timeout, about, func(ctx context.Context) error { return s.close(ctx, m, force) })
		if err == nil || timeout < 0 && timedOut(err) {
			done++
		}
	}
	return terminated(len(matches), done)
}

// withdraw has no further attempt follow. To charon what we wait for is an IKE SA that connects.
func (s *Service) withdraw(ctx context.Context, connection string) *settings.Section {
	if s.daemon.Down(ctx, api.Target{Connection: connection}) != nil {
		return terminated(1, 0)
	}
	return terminated(1, 1)
}

func (s *Service) close(ctx context.Context, m match, force bool) error {
	if m.child != nil {
		return s.daemon.CloseChild(ctx, m.sa, *m.child)
	}
	return s.daemon.CloseSA(ctx, m.sa, force)
}

// terminated answers how many of those that were selected are gone.
func terminated(matches, done int) *settings.Section {
	var trouble string
	switch {
	case matches == 0:
		trouble = "no matching SAs to terminate found"
	case done < matches && matches == 1:
		trouble = "terminating SA failed"
	case done < matches:
		trouble = "not all matching SAs could be terminated"
	}
	return counted(trouble, matches, func(m *settings.Section) { m.Add("terminated", strconv.Itoa(done)) })
}

// counted answers a command about several SAs; trouble is why it failed, if it did.
func counted(trouble string, matches int, more func(*settings.Section)) *settings.Section {
	m := new(settings.Section).Add("success", "yes")
	if trouble != "" {
		m = new(settings.Section).Add("success", "no")
	}
	m.Add("matches", strconv.Itoa(matches))
	if more != nil {
		more(m)
	}
	optional(m, "errmsg", trouble)
	return m
}

// rekey has what is selected get new keys, and does not wait for it.
func (s *Service) rekey(ctx context.Context, call *vici.Call) *settings.Section {
	want := selected(call.Request)
	if want.empty() {
		return vici.Refused("missing rekey selector")
	}
	status, err := s.daemon.Status(ctx)
	if err != nil {
		return vici.Refused(err.Error())
	}
	matches := want.matches(status.SAs)
	begun, cancel := patience(ctx, -1)
	defer cancel()
	reauth := yes(call.Request, "reauth")
	for _, m := range matches {
		target := api.Target{Connection: m.sa.Connection, SA: m.sa.SPI}
		switch {
		case m.child != nil:
			_ = s.daemon.RekeyChild(begun, m.sa, *m.child) // nobody waits for the outcome
		case reauth:
			_ = s.daemon.Reauth(begun, target)
		default:
			_ = s.daemon.Rekey(begun, target, api.LayerIKE)
		}
	}
	if len(matches) == 0 {
		return counted("no matching SAs to rekey found", 0, nil)
	}
	return counted("", len(matches), nil)
}
