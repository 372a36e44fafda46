package mschapv2

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 2759, Section 9.2, which RFC 3079, Section 3.5.3, goes on with.
const (
	exampleAuthenticator = "5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28"
	examplePeer          = "21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E"
	exampleHash          = "44 EB BA 8D 53 12 B8 D6 11 47 44 11 F5 69 89 AE"
	exampleResponse      = "82 30 9E CD 8D 70 8B 5E A0 8F AA 39 81 CD 83 54 42 33 11 4A 3D 85 D6 DF"
)

func check(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%s: got %x, want %s", what, got, want)
	}
}

func TestHashesOfTheRFC(t *testing.T) {
	authenticator, peer := unhex(t, exampleAuthenticator), unhex(t, examplePeer)
	ntHash := NTHash([]byte("clientPass"))
	check(t, "PasswordHash", ntHash, exampleHash)
	check(t, "PasswordHashHash", hash(ntHash), "41 C0 0C 58 4B D2 D9 1C 40 17 A2 A1 2F A5 9F 3F")
	check(t, "Challenge", challengeHash(peer, authenticator, "User"), "D0 2E 43 86 BC E9 12 26")
	check(t, "NT-Response", NTResponse(authenticator, peer, "User", ntHash), exampleResponse)
	got := AuthenticatorResponse(ntHash, unhex(t, exampleResponse), peer, authenticator, "User")
	if want := "S=407A5589115FD0D6209F510FE9C04566932CDA56"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	check(t, "PasswordHash of 9.3", NTHash([]byte("MyPw")), "FC 15 6A F7 ED CD 6C 0E DD E3 33 7D 42 7F 4E AC")
}

func TestKeysOfTheRFC(t *testing.T) {
	msk := MSK(unhex(t, exampleHash), unhex(t, exampleResponse))
	if len(msk) != 64 {
		t.Fatalf("got %d octets", len(msk))
	}
	check(t, "SendStartKey128 of the server", msk[16:32], "8B 7C DC 14 9B 99 3A 1B A1 18 CB 15 3F 56 DC CB")
	check(t, "padding", msk[32:], strings.Repeat("00", 32))
	if bytes.Equal(msk[:16], msk[16:32]) {
		t.Error("both directions have one key")
	}
}

func TestNamesAreHashedWithoutTheDomainInFront(t *testing.T) {
	for name, want := range map[string]string{
		"user": "user", `HOST\user`: "user", `EXAMPLE\HOST\user`: "user", "user@example.org": "user@example.org", `\`: "", "": "",
	} {
		if got := UserName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	authenticator, peer, ntHash := unhex(t, exampleAuthenticator), unhex(t, examplePeer), unhex(t, exampleHash)
	check(t, "NT-Response with a domain", NTResponse(authenticator, peer, `HOST\User`, ntHash), exampleResponse)
}

func TestPasswordsAreHashedAsUTF16(t *testing.T) {
	// Of OpenSSL: printf "Grüße€😀" | iconv -t UTF-16LE | openssl dgst -md4 -provider legacy
	check(t, "PasswordHash", NTHash([]byte("Grüße€😀")), "39e6af2e6c0141d1c1535f978e8625c9")
}
