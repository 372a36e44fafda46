package users

import (
	"strings"
	"testing"

	"culvert/secret"
)

// Hashes that other programs have made.
const (
	// echo -n "correct horse" | argon2 somesalt -id -t 2 -m 12 -p 1 -l 32 -e (Debian's argon2 0~20190702)
	argon2Vector = "$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQ$X4SvT2Yi2PkJOn6vctKFvnKw3aX35qLCxwvil+LUCsw"
	// Python: hashlib.scrypt(b"correct horse", salt=b"NaClNaClNaClNaCl", n=16384, r=8, p=1, dklen=32)
	scryptVector = "$scrypt$ln=14,r=8,p=1$TmFDbE5hQ2xOYUNsTmFDbA$hY50t91ndSuqE9ip2LI2ZGd4PdAz5VZAWSZVxOFqhjM"
)

func TestHashesOfOtherProgramsAreVerified(t *testing.T) {
	for name, text := range map[string]string{"argon2id": argon2Vector, "scrypt": scryptVector} {
		h, err := ParseHash(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !h.Verify(secret.Bytes("correct horse")) {
			t.Errorf("%s: the password is refused", name)
		}
		if h.Verify(secret.Bytes("correct horse ")) || h.Verify(nil) {
			t.Errorf("%s: another password is taken", name)
		}
		if h.String() != text {
			t.Errorf("%s: written again: %s", name, h)
		}
	}
}

func TestNewHashIsReadAgain(t *testing.T) {
	h := NewHash(secret.Bytes("pässword"))
	again, err := ParseHash(h.String())
	if err != nil || !again.Verify(secret.Bytes("pässword")) || again.Verify(secret.Bytes("password")) {
		t.Errorf("%s: %v", h, err)
	}
	if other := NewHash(secret.Bytes("pässword")); other.String() == h.String() {
		t.Error("two hashes have one salt")
	}
}

func TestWhatIsNoHashIsRefused(t *testing.T) {
	const salt, sum = "c29tZXNhbHQ", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, text := range map[string]string{
		"empty": "", "cleartext": "hunter2", "another scheme": "$2b$12$abcdefghijklmnopqrstuv",
		"argon2i":                "$argon2i$v=19$m=4096,t=2,p=1$" + salt + "$" + sum,
		"old version":            "$argon2id$v=16$m=4096,t=2,p=1$" + salt + "$" + sum,
		"too much memory":        "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + sum,
		"too many passes":        "$argon2id$v=19$m=4096,t=1000000,p=1$" + salt + "$" + sum,
		"no pass":                "$argon2id$v=19$m=4096,t=0,p=1$" + salt + "$" + sum,
		"no lane":                "$argon2id$v=19$m=4096,t=1,p=0$" + salt + "$" + sum,
		"lanes overflow":         "$argon2id$v=19$m=4096,t=1,p=257$" + salt + "$" + sum,
		"memory below the lanes": "$argon2id$v=19$m=8,t=1,p=4$" + salt + "$" + sum,
		"more behind":            "$argon2id$v=19$m=4096,t=2,p=1,x=9$" + salt + "$" + sum,
		"short salt":             "$argon2id$v=19$m=4096,t=2,p=1$c2Fs$" + sum,
		"short sum":              "$argon2id$v=19$m=4096,t=2,p=1$" + salt + "$AAAA",
		"no base64":              "$argon2id$v=19$m=4096,t=2,p=1$" + salt + "$!!!!" + sum,
		"scrypt beyond memory":   "$scrypt$ln=24,r=8,p=1$" + salt + "$" + sum,
		"scrypt shift overflow":  "$scrypt$ln=200,r=8,p=1$" + salt + "$" + sum,
		"scrypt without N":       "$scrypt$ln=0,r=8,p=1$" + salt + "$" + sum,
		"a field is missing":     "$scrypt$ln=14,r=8,p=1$" + salt,
	} {
		if h, err := ParseHash(text); err == nil {
			t.Errorf("%s is read as %v", name, h)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error quotes it", name)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(argon2Vector)
	f.Add(scryptVector)
	f.Add(strings.Replace(argon2Vector, "$v=19", "\n$v=19", 1))
	f.Add(argon2Vector[:len(argon2Vector)-3] + "\n" + argon2Vector[len(argon2Vector)-3:])
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHash(text)
		if err != nil {
			return
		}
		if h.String() != text {
			t.Errorf("%q is written as %q", text, h)
		}
	})
}
