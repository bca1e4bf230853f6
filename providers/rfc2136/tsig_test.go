package rfc2136

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers"
)

var testSecret = base64.StdEncoding.EncodeToString([]byte("not a secret at all, 32 octets.."))

func testKey(t *testing.T, algorithm string) key {
	t.Helper()
	k, err := newKey("Test-Key", algorithm, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What is signed here verifies in miekg/dns, in each algorithm, and overhead
// tells its size.
func TestSignVerifiesElsewhere(t *testing.T) {
	for _, algorithm := range []string{"", "hmac-sha256", "HMAC-SHA384", "hmac-sha512."} {
		k := testKey(t, algorithm)
		msg, err := new(dns.Msg).SetUpdate("example.org.").Pack()
		if err != nil {
			t.Fatal(err)
		}
		signed, mac := k.sign(slices.Clone(msg), time.Now())
		if len(signed) != len(msg)+k.overhead() {
			t.Errorf("%q: %d octets more, overhead is %d", algorithm, len(signed)-len(msg), k.overhead())
		}
		if err := dns.TsigVerify(slices.Clone(signed), testSecret, "", false); err != nil {
			t.Errorf("%q: %v", algorithm, err)
		}
		if len(mac) != k.hash().Size() {
			t.Errorf("%q: MAC of %d octets", algorithm, len(mac))
		}
	}
}

// reply is a small reply without a signature.
func reply(t *testing.T, id uint16, rcode int) []byte {
	t.Helper()
	m := new(dns.Msg).SetQuestion("example.org.", dns.TypeAXFR)
	m.Id, m.Response, m.Rcode = id, true, rcode
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signReply signs as a server does, by the words of RFC 8945, section 4.3.
// chained is for a later message of a transfer, whose MAC covers the timers
// alone.
func signReply(k key, prior, unsigned, msg []byte, chained bool, at time.Time) (signed, mac []byte) {
	h := hmac.New(sha256.New, k.secret)
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(prior))))
	h.Write(prior)
	h.Write(unsigned)
	h.Write(msg)
	if chained {
		h.Write(appendTimers(nil, uint64(at.Unix()), fudge))
	} else {
		h.Write(k.variables(uint64(at.Unix()), fudge, 0, nil))
	}
	mac = h.Sum(nil)
	signed, own := k.sign(slices.Clone(msg), at)
	i := strings.Index(string(signed), string(own))
	copy(signed[i:], mac)
	return signed, mac
}

func checkAll(t *testing.T, v *verifier, raws ...[]byte) error {
	t.Helper()
	for _, raw := range raws {
		m, err := parseMessage(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.check(m, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// A transfer may leave messages between signed ones unsigned.
func TestVerifySparselySignedTransfer(t *testing.T) {
	k := testKey(t, "")
	now := time.Now()
	prior := []byte(strings.Repeat("m", 32))
	plain1, plain2 := reply(t, 7, 0), reply(t, 7, 0)
	first, mac1 := signReply(k, prior, nil, reply(t, 7, 0), false, now)
	second, mac2 := signReply(k, mac1, slices.Concat(plain1, plain2), reply(t, 7, 0), true, now)
	third, _ := signReply(k, mac2, nil, reply(t, 7, 0), true, now)

	v := &verifier{key: k, prior: prior}
	if err := checkAll(t, v, first, plain1, plain2); err != nil || v.complete() {
		t.Errorf("unsigned messages at the end: %v, complete %t", err, v.complete())
	}
	if err := checkAll(t, v, second, third); err != nil || !v.complete() {
		t.Errorf("signed again: %v, complete %t", err, v.complete())
	}

	for name, raws := range map[string][][]byte{
		"one is missing":      {first, plain1, second},
		"one is added":        {first, plain1, plain2, plain1, second},
		"in the wrong order":  {first, third},
		"the first again":     {first, first},
		"of another request":  {second},
		"unsigned for longer": append([][]byte{first}, slices.Repeat([][]byte{plain1}, maxUnsigned+1)...),
	} {
		if err := checkAll(t, &verifier{key: k, prior: prior}, raws...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	k := testKey(t, "")
	other := testKey(t, "")
	other.secret = []byte("another secret")
	renamed, err := newKey("another-name", "", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	prior := []byte(strings.Repeat("m", 32))
	sign := func(k key, at time.Time) []byte {
		signed, _ := signReply(k, prior, nil, reply(t, 7, 0), false, at)
		return signed
	}
	tampered := sign(k, time.Now())
	tampered[3] ^= 5 // the rcode
	cut := sign(k, time.Now())
	for name, raw := range map[string][]byte{
		"another secret": sign(other, time.Now()),
		"another name":   sign(renamed, time.Now()),
		"an old one":     sign(k, time.Now().Add(-time.Hour)),
		"a future one":   sign(k, time.Now().Add(time.Hour)),
		"a changed one":  tampered,
	} {
		if err := checkAll(t, &verifier{key: k, prior: prior}, raw); !errors.Is(err, errSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkAll(t, &verifier{key: k, prior: prior}, cut); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestTSIGErrorsAreCredentials(t *testing.T) {
	k := testKey(t, "")
	for code, text := range map[uint16]string{badSig: "BADSIG", badKey: "BADKEY", badTrunc: "BADTRUNC", 99: "TSIG error 99"} {
		m := new(dns.Msg).SetUpdate("example.org.")
		m.Response, m.Rcode = true, dns.RcodeNotAuth
		m.Extra = []dns.RR{&dns.TSIG{
			Hdr:       dns.RR_Header{Name: "test-key.", Rrtype: dns.TypeTSIG, Class: dns.ClassANY},
			Algorithm: dns.HmacSHA256, Error: code,
		}}
		raw, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		err = checkAll(t, &verifier{key: k}, raw)
		if !errors.Is(err, providers.ErrCredentials) || !strings.Contains(err.Error(), text) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// BADTIME is the one TSIG error that is signed (RFC 8945, section 5.2.3).
func TestClockSkewIsSaid(t *testing.T) {
	k := testKey(t, "")
	prior := strings.Repeat("6d", 32)
	m := new(dns.Msg).SetUpdate("example.org.")
	m.Response, m.Rcode = true, dns.RcodeNotAuth
	m.SetTsig("test-key.", dns.HmacSHA256, fudge, time.Now().Unix())
	tsig := m.IsTsig()
	tsig.Error, tsig.OtherLen, tsig.OtherData = badTime, 6, "000065000000"
	raw, _, err := dns.TsigGenerate(m, testSecret, prior, false)
	if err != nil {
		t.Fatal(err)
	}
	err = checkAll(t, &verifier{key: k, prior: []byte(strings.Repeat("m", 32))}, raw)
	if !errors.Is(err, providers.ErrCredentials) || !strings.Contains(err.Error(), "clock") {
		t.Errorf("%v", err)
	}
}
