package keylog

import (
	"fmt"
	"strings"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// Wireshark's names lead back to transforms by asking which ones have them. Lengths of keys are those of the keys.

// wiresharkIKE reads a line of ikev2_decryption_table.
func (r *Ring) wiresharkIKE(row []string) error {
	t, known := r.lookUp("ike "+row[4]+" "+row[7], func() (suite.ESP, bool) { return ikeTransforms(row[4], row[7]) })
	if !known {
		return fmt.Errorf("nobody knows the algorithms %q and %q", row[4], row[7])
	}
	return r.addIKE(row[0], row[1], t.ENCR, t.INTEG, []string{row[2], row[3], row[5], row[6]})
}

// lookUp remembers what names mean, of which there are few in a table that somebody uses.
func (r *Ring) lookUp(names string, search func() (suite.ESP, bool)) (suite.ESP, bool) {
	t, known := r.named[names]
	if !known {
		const most = 1024
		if t, known = search(); known && len(r.named) < most {
			r.named[names] = t
		}
	}
	return t, known
}

func ikeTransforms(encrName, integName string) (suite.ESP, bool) {
	for _, encr := range ciphers(wire.ProtocolIKE) {
		for _, integ := range integrities() {
			sel := suite.Selection{Proposal: wire.Proposal{Transforms: []wire.Transform{encr, integ}}}
			if e, i, ok := ikeNames(sel); ok && e == encrName && i == integName {
				return suite.ESP{ENCR: encr, INTEG: integ}, true
			}
		}
	}
	return suite.ESP{}, false
}

// wiresharkESP reads a line of esp_sa. It does not tell modes, nor whether there are extended sequence numbers. Writers differ
// in how they name combined modes: those without the length of the ICV have it in the name of the integrity algorithm.
func (r *Ring) wiresharkESP(row []string) error {
	encrName, integName := row[4], row[6]
	if encrName == "AES-GCM [RFC4106]" {
		bits := strings.TrimPrefix(integName, "ANY ")
		octets := map[string]int{"64 bit authentication [no checking]": 8, "96 bit authentication [no checking]": 12}[bits]
		if octets == 0 {
			octets = 16
		}
		encrName, integName = fmt.Sprintf("AES-GCM with %d octet ICV [RFC4106]", octets), "NULL"
	}
	octets := len(strings.TrimPrefix(row[5], "0x")) / 2
	t, known := r.lookUp(fmt.Sprintf("esp %s %s %d", encrName, integName, octets), func() (suite.ESP, bool) { return espTransforms(encrName, integName, octets) })
	if !known {
		return fmt.Errorf("nobody knows the algorithms %q and %q with a key of that length", row[4], row[6])
	}
	return r.addESP(dataplane.SAKeys{Transforms: t}, false, row[3], row[5], row[7])
}

// espTransforms finds algorithms by their names, and by the octets of the key of the cipher.
func espTransforms(encrName, integName string, octets int) (suite.ESP, bool) {
	for _, encr := range ciphers(wire.ProtocolESP) {
		for _, integ := range integrities() {
			t := suite.ESP{ENCR: encr, INTEG: integ}
			if n, _ := t.KeyLengths(); n != octets {
				continue
			}
			for _, t := range []suite.ESP{t, t.AsDraft()} {
				if e, i, ok := espNames(t); ok && e == encrName && i == integName {
					return t, true
				}
			}
		}
	}
	return suite.ESP{}, false
}

// ciphers are those that Wireshark may name.
func ciphers(p wire.ProtocolID) (list []wire.Transform) {
	for _, id := range []wire.TransformID{
		wire.EncrAESGCM16, wire.EncrAESGCM12, wire.EncrAESGCM8, wire.EncrAESCCM16, wire.EncrAESCCM12, wire.EncrAESCCM8, wire.EncrAESCBC, wire.EncrAESCTR,
	} {
		for _, bits := range []uint16{128, 192, 256} {
			list = append(list, wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits})
		}
	}
	if p == wire.ProtocolESP {
		list = append(list, wire.Transform{Type: wire.TransformENCR, ID: wire.EncrNull})
	}
	return list
}

// integrities are those that Wireshark may name, none among them.
func integrities() (list []wire.Transform) {
	for _, id := range []wire.TransformID{
		0, wire.IntegHMACSHA256_128, wire.IntegHMACSHA384_192, wire.IntegHMACSHA512_256, wire.IntegHMACSHA1_96, wire.IntegAESXCBC96, wire.IntegAESCMAC96,
	} {
		list = append(list, wire.Transform{Type: wire.TransformINTEG, ID: id})
	}
	return list
}
