package daemon

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/explain"
)

func TestTunnelLives(t *testing.T) {
	west, east := pair(t, "", "")
	if err := west.packets.Inject(packet("too early")); err == nil {
		t.Error("a packet left without a tunnel")
	}
	west.up()
	east.await("the child", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
	carries(west, east)
	west.up() // what is up stays as it is
	if n := len(west.status().SAs); n != 1 {
		t.Errorf("%d IKE SAs after a second up", n)
	}
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	if n := len(west.status().SAs); n != 0 {
		t.Errorf("%d IKE SAs after down", n)
	}
	east.await("nothing", func(s api.Status) bool { return len(s.SAs) == 0 })
	if err := west.packets.Inject(packet("too late")); err == nil {
		t.Error("a packet left after the tunnel")
	}
}

// By default both sides prefer key exchanges that withstand quantum computers.
func TestStatusTellsWhatKeysOfAChildComeFrom(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	if child := west.status().SAs[0].Children[0]; len(child.KeyExchanges) != 0 {
		t.Errorf("the first child has key exchanges %v of its own", child.KeyExchanges)
	}
	if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerChild, TimeoutSeconds: 20}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{west, east} {
		n.current()
		if child := n.status().SAs[0].Children[0]; !slices.Equal(child.KeyExchanges, []string{"CURVE_25519", "ML_KEM_768"}) {
			t.Errorf("%s has a child of %q", n.name, child.KeyExchanges)
		}
	}
}

func TestRekeyGivesNewKeys(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	for _, by := range []*node{west, east} {
		for _, layer := range []api.Layer{api.LayerChild, api.LayerIKE} {
			before, beforeChild := by.current()
			if err := by.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: layer, TimeoutSeconds: 20}); err != nil {
				t.Fatalf("%s of %s: %v", layer, by.name, err)
			}
			after, afterChild := by.current()
			newIKE, newChild := after != before, afterChild != beforeChild
			if newIKE != (layer == api.LayerIKE) || newChild != (layer == api.LayerChild) {
				t.Errorf("rekey of layer %s: IKE SA new %v, child new %v", layer, newIKE, newChild)
			}
			carries(west, east)
		}
	}
}

// current returns the SPIs of the IKE SA and of the child that are in use. What they have replaced may be on its way out.
func (n *node) current() (ike, child string) {
	n.Helper()
	n.await("one IKE SA with one child", func(s api.Status) bool {
		return len(s.SAs) == 1 && s.SAs[0].State == api.SAEstablished && len(s.SAs[0].Children) == 1 && s.SAs[0].Children[0].State == api.ChildInstalled
	})
	sa := n.status().SAs[0]
	return sa.SPI, sa.Children[0].InSPI
}

func TestReauthReplacesTheIKESA(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	reqID := func(n *node) uint32 { return n.status().SAs[0].Children[0].Reqid }
	before, atWest, atEast := west.status().SAs[0].SPI, reqID(west), reqID(east)
	if err := west.client.Reauth(t.Context(), command(api.Target{SA: before})); err != nil {
		t.Fatal(err)
	}
	s := west.await("one IKE SA", func(s api.Status) bool { return len(s.SAs) == 1 })
	if s.SAs[0].SPI == before || len(s.SAs[0].Children) != 1 {
		t.Fatalf("after %s there is %+v", before, s.SAs)
	}
	if east.current(); reqID(west) != atWest || reqID(east) != atEast {
		t.Errorf("reqids %d and %d became %d and %d", atWest, atEast, reqID(west), reqID(east))
	}
	carries(west, east)
}

// The peer closes the old IKE SA itself when it lets nobody have two.
func TestReauthSucceedsWhoeverClosesTheOldIKESA(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, "", ""))
	east.write("", east.site(west, `unique = "replace"`, ""))
	west.start()
	east.start()
	west.up()
	for range 3 {
		if err := west.client.Reauth(t.Context(), command(api.Target{})); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDownOfOneChildLeavesTheIKESA(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	if err := west.client.Down(t.Context(), command(api.Target{Child: "net"})); err != nil {
		t.Fatal(err)
	}
	if s := west.status(); len(s.SAs) != 1 || len(s.SAs[0].Children) != 0 {
		t.Errorf("left are %+v", s.SAs)
	}
	if err := west.client.Up(t.Context(), command(api.Target{Child: "net"}), func(api.Event) {}); err != nil {
		t.Fatal(err)
	}
	if s := west.status(); len(s.SAs) != 1 || len(s.SAs[0].Children) != 1 {
		t.Errorf("after up there are %+v", s.SAs)
	}
	carries(west, east)
}

func TestDownOfOneSA(t *testing.T) {
	west, _ := pair(t, "", "")
	west.up()
	if err := west.client.Down(t.Context(), command(api.Target{SA: west.status().SAs[0].SPI})); err != nil {
		t.Fatal(err)
	}
	if n := len(west.status().SAs); n != 0 {
		t.Errorf("%d IKE SAs left", n)
	}
}

// code returns the code of a problem.
func code(err error) explain.Code {
	var p *api.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func TestCommandsAboutWhatIsNotThere(t *testing.T) {
	west, _ := pair(t, "", "")
	ctx := t.Context()
	nothing := func(api.Event) {}
	tests := []struct {
		name string
		err  error
		want explain.Code
	}{
		{"up of an unknown connection", west.client.Up(ctx, command(api.Target{Connection: "other"}), nothing), explain.ManageNotFound},
		{"up of an unknown child", west.client.Up(ctx, command(api.Target{Child: "other"}), nothing), explain.ManageNotFound},
		{"down of an unknown connection", west.client.Down(ctx, command(api.Target{Connection: "other"})), explain.ManageNotFound},
		{"down of an unknown SA", west.client.Down(ctx, command(api.Target{SA: "1234"})), explain.IKENoSuchSA},
		{"down of what is no SPI", west.client.Down(ctx, command(api.Target{SA: "xyz"})), explain.ManageBadRequest},
		{"down of SPI 0", west.client.Down(ctx, command(api.Target{SA: "0"})), explain.ManageBadRequest},
		{"rekey of what is not up", west.client.Rekey(ctx, api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerIKE}), explain.IKENoSuchSA},
		{"rekey of an unknown connection", west.client.Rekey(ctx, api.Command{Target: api.Target{Connection: "other"}, Layer: api.LayerChild}), explain.ManageNotFound},
		{"reauth of what is not up", west.client.Reauth(ctx, command(api.Target{})), explain.IKENoSuchSA},
		{"reauth of an unknown connection", west.client.Reauth(ctx, command(api.Target{Connection: "other"})), explain.ManageNotFound},
	}
	for _, tt := range tests {
		if got := code(tt.err); got != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, tt.err, tt.want)
		}
	}
	if err := west.client.Down(ctx, command(api.Target{})); err != nil {
		t.Errorf("down of what is not up: %v", err)
	}
}

// Each way in which a connection does not come up is told to whoever asked for it, with its code.
func TestUpTellsWhyItFailed(t *testing.T) {
	tests := []struct {
		name   string
		change func(text string) string // of east's configuration
		want   explain.Code
	}{
		{"another secret", func(s string) string { return strings.Replace(s, psk, "another secret that is long enough", 1) }, explain.IKEAuthPeerRejected},
		{"other traffic", func(s string) string { return strings.Replace(s, "10.1.0.0/24", "10.7.0.0/24", 1) }, explain.IKETSUnacceptable},
		{"other algorithms", func(s string) string {
			return strings.Replace(s, "force_encapsulation = true", `proposals = ["aes256ctr-sha384-ecp384bp"]`, 1)
		}, explain.IKENoProposal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
			west.write("", west.site(east, "", ""))
			east.write("", tt.change(east.site(west, "", "")))
			west.start()
			east.start()
			err := west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
			if code(err) != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			west.await("the status to tell", func(s api.Status) bool {
				f := s.Connections[0].LastFailure
				// What an unauthenticated answer says is not the last word, but part of it (RFC 7296, Section 2.21.1).
				return f != nil && (f.Code == tt.want || strings.Contains(f.Detail, string(tt.want)))
			})
		})
	}
}

func TestUpOfASilentPeerFailsInTime(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, "", ""))
	west.start()
	if err := west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {}); code(err) != explain.IKETimeout {
		t.Fatalf("got %v", err)
	}
	if s := west.status(); s.Connections[0].State != api.Idle || len(s.SAs) != 0 {
		t.Errorf("left are %+v", s)
	}
}

// The end of a command's context ends the wait alone.
func TestUpEndsWithItsContext(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, "keep_up = true", ""))
	west.start()
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan error, 1)
	go func() {
		seen <- west.client.Up(ctx, command(api.Target{}), func(e api.Event) {
			if e.Kind == api.EventAttempt {
				cancel()
			}
		})
	}()
	select {
	case err := <-seen:
		if err == nil {
			t.Fatal("up without a peer")
		}
	case <-time.After(patience):
		t.Fatal("the command goes on")
	}
	c := west.status().Connections[0]
	if c.State != api.Connecting && c.State != api.Waiting {
		t.Errorf("the attempt ended with the command: %s", c.State)
	}
	east.write("", east.site(west, "", ""))
	east.start()
	west.await("the tunnel", func(s api.Status) bool { return s.Connections[0].State == api.Up })
}

// A rekeying whose IKE SA goes away does not wait for ever.
func TestRekeyEndsWhenTheSAIsGone(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	before := west.status().SAs[0].SPI
	go east.client.Down(context.Background(), command(api.Target{}))
	for {
		err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site", SA: before}, Layer: api.LayerChild, TimeoutSeconds: patience.Seconds()})
		if err == nil {
			continue
		}
		if c := code(err); c == explain.ManageTimeout {
			t.Errorf("it waited for %v", err)
		}
		return
	}
}

func TestTrapBringsTheTunnelUp(t *testing.T) {
	west, east := pair(t, "", `start = "trap"`)
	if s := west.status(); s.Connections[0].State != api.Trapped {
		t.Fatalf("state is %s", s.Connections[0].State)
	}
	_ = west.packets.Inject(packet("the first one"))
	west.await("the tunnel", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
	carries(west, east)
}

func TestPeersThatCannotBeReached(t *testing.T) {
	tests := []struct {
		name, address string
		want          explain.Code
	}{
		{"a name without an address", `address = "gateway.invalid"`, explain.IKEPeerUnresolved},
		{"no address at all", "", explain.IKENoPeerAddress},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
			known := "address = \"" + east.addr + "\""
			west.write("", strings.Replace(west.site(east, "", ""), known, tt.address, 1))
			west.start()
			if err := west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {}); code(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// What a peer or a configuration keeps secret is nowhere to be read.
func TestSecretsAreNotPrinted(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	carries(west, east)
	status, err := os.ReadFile(west.config())
	if err != nil || !strings.Contains(string(status), psk) {
		t.Fatal("the configuration does not have the secret that is looked for")
	}
	text := west.log.String()
	for _, e := range west.events() {
		text += e.Text
	}
	if strings.Contains(text, psk) || strings.Contains(text, "horse") {
		t.Error("the pre-shared key is in the log")
	}
}
