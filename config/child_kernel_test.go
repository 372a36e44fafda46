package config

import (
	"strings"
	"testing"
)

// kernelChild loads a configuration with a backend, options of a connection and options of its child.
func kernelChild(t *testing.T, backend, connection, child string) Diagnostics {
	t.Helper()
	_, found := newShelf(t).load("culvert.hcl", "daemon {\ndataplane { backend = \""+backend+"\" }\n}\nconnection \"a\" {\n"+connection+
		"\nremote { address = \"192.0.2.9\" }\nchild \"c\" {\n"+child+"\n}\n}\nsecret \"a\" { psk = file(\"office.psk\") }\n")
	return found
}

func TestOptionsAndDataPlanesThatDoNotFit(t *testing.T) {
	for _, tt := range []struct{ backend, connection, child, message, hint string }{
		{"user", "", `hw_offload = "crypto"`, "hw_offload needs the data plane of the kernel", `"kernel" or "auto"`},
		{"user", "", `install_policies = false`, "install_policies needs the data plane of the kernel", `"kernel" or "auto"`},
		{"fake", "", `if_id_in = 7`, "if_id_in needs the data plane of the kernel", `"kernel" or "auto"`},
		{"kernel", `transport = "auto"`, "", "ESP in TCP needs the data plane of user space", `"user" or "auto"`},
		{"kernel", "", `df = "set"`, `df = "set" needs the data plane of user space`, `"user" or "auto"`},
		{"kernel", "", `tfc_rate = 10`, "tfc_rate needs the data plane of user space", `"user" or "auto"`},
		{"kernel", "", "iptfs {\nmode = \"constant\"\nrate = \"1Mbit\"\n}", "IP-TFS at a rate needs", `"user" or "auto"`},
		{"auto", "", "if_id_out = 7\ntfc_rate = 10", "tfc_rate needs the data plane in user space, and if_id_out that of the kernel", "leave one of the two out"},
	} {
		found := kernelChild(t, tt.backend, tt.connection, tt.child)
		if len(found) != 1 || !strings.Contains(found[0].Message, tt.message) || !strings.Contains(found[0].Hint, tt.hint) || found[0].Place.Line < 4 {
			t.Errorf("%s, %s %s: %+v", tt.backend, tt.connection, tt.child, found)
		}
	}
}

func TestOptionsAndDataPlanesThatFit(t *testing.T) {
	for _, tt := range [][3]string{
		{"kernel", "", "hw_offload = \"auto\"\ntfc = 1400\niptfs { mode = \"off\" }"},
		{"kernel", "", `iptfs { mode = "as-needed" }`},
		{"auto", "", "if_id_out = 7"},
		{"auto", `transport = "tcp"`, `df = "set"`},
		{"user", `transport = "tcp"`, `tfc_rate = 10`},
		{"user", "", "icmp = false\ninstall_policies = true\nmark_in = \"0\""},
		{"kernel", "", "icmp = true\ninstall_policies = false\nforward_policies = true"},
	} {
		if found := kernelChild(t, tt[0], tt[1], tt[2]); found.Errors() {
			t.Errorf("%v: %v", tt, found)
		}
	}
}

// What is fixed for a connection is each child's; what is chosen stays with the connection, as it is of its IKE SAs.
func TestChildrenHaveTheInterfacesOfTheirConnection(t *testing.T) {
	for _, tt := range []struct {
		connection, child string
		in, out           string
	}{
		{"if_id_in = 7", "", "7", "0"},
		{"if_id_in = 7\nif_id_out = 8", "if_id_out = 9", "7", "9"},
		{"if_id_in = 7", "if_id_in = 0", "0", "0"},
		{`if_id_in = "unique"`, "", "0", "0"},
		{"if_id_in = 7\nif_id_out = 7", `interface = "ipsec7"`, "7", "7"},
	} {
		cfg, found := newShelf(t).load("culvert.hcl", "connection \"a\" {\n"+tt.connection+"\nremote { address = \"192.0.2.9\" }\nchild \"c\" {\n"+tt.child+"\n}\n}\nsecret \"a\" { psk = file(\"office.psk\") }\n")
		if cfg == nil {
			t.Fatal(found)
		}
		if k := cfg.Connections[0].Children[0].Kernel; formatInterfaceID(k.IfIDIn) != tt.in || formatInterfaceID(k.IfIDOut) != tt.out {
			t.Errorf("%+v: got %+v", tt, k)
		}
	}
}

func TestInterfacesOfAConnectionNeedTheKernel(t *testing.T) {
	found := kernelChild(t, "user", `if_id_in = "unique"`, "")
	if len(found) != 1 || !strings.Contains(found[0].Message, "if_id_in needs the data plane of the kernel") {
		t.Errorf("got %v", found)
	}
}
