package user

import (
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/user/tun"
)

// A removed device is one that somebody has taken away.
type removed struct{ Device }

func (removed) Wait(int) error { return tun.ErrGone }

func TestARemovedDeviceIsTold(t *testing.T) {
	s := newBench(t)
	s.Backend.device = removed{s.device}
	s.workers[0].tx.wait()
	if told := s.noticed(dataplane.NoticeDeviceGone); len(told) != 1 {
		t.Errorf("%d notices", len(told))
	}
}
