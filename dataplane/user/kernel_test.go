package user

import (
	"errors"
	"testing"

	"culvert/dataplane"
)

func TestAttributesOfTheKernelAreRefused(t *testing.T) {
	var b Backend
	k := dataplane.Kernel{IfIDOut: dataplane.InterfaceID{Number: 7}}
	if err := b.Install(dataplane.SA{SPI: 256, Kernel: k}); !errors.Is(err, dataplane.ErrKernelOnly) {
		t.Errorf("SA: %v", err)
	}
	if err := b.SetPolicy(dataplane.Policy{ID: 1, Kernel: k}); !errors.Is(err, dataplane.ErrKernelOnly) {
		t.Errorf("policy: %v", err)
	}
}
