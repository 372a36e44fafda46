package daemon

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestPortsThatCannotBeHadAreExplained(t *testing.T) {
	denied := explainListen(errors.Join(errors.New("SO_MARK: not permitted"), os.ErrPermission)).Error()
	if strings.Contains(denied, "\n") || !says(denied, "SO_MARK", "CAP_NET_RAW", "connect --rootless", "[HOST-PORT]") {
		t.Error(denied)
	}
	if few := explainListen(os.NewSyscallError("socket", syscall.EMFILE)).Error(); !says(few, "too many open files", "LimitNOFILE", "[HOST-PORT]") || says(few, "another IKE daemon") {
		t.Errorf("%s", few)
	}
	if taken := explainListen(errors.New("address already in use")).Error(); !says(taken, "already in use", "another IKE daemon", "[HOST-PORT]") {
		t.Error(taken)
	}
}
