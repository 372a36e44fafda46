package daemon

import (
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/explain"
)

// A bereft backend has lost its device.
type bereft struct{ *fake.Backend }

func (b bereft) SetNotices(f func(dataplane.Notice)) {
	b.Backend.SetNotices(f)
	for range 2 { // it is repeated
		f(dataplane.Notice{Kind: dataplane.NoticeDeviceGone})
	}
}

// Without a device no packet passes. The daemon says so and ends, so that the service manager starts another.
func TestDaemonEndsWithItsDevice(t *testing.T) {
	n := newNode(t, "west", "10.1.0.0/24")
	n.write("", "")
	plane := func(dataplane.Network) (dataplane.Backend, string, error) {
		return bereft{fake.New(rand.Reader, time.Now, fake.Hooks{Send: func(dataplane.Path, []byte) {}})}, "bereft", nil
	}
	err := Run(t.Context(), Options{Config: n.config(), Socket: n.socket(), Stderr: io.Discard, Plane: plane})
	if problem := (*api.Problem)(nil); !errors.As(err, &problem) || problem.Code != explain.HostDevice {
		t.Errorf("it ended with %v, want %s", err, explain.HostDevice)
	}
}
