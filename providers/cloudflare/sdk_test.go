package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// Why the SDK builds requests and does not read answers: what it does by itself.

func listParams() (p dns.RecordListParams) {
	p.ZoneID.Value, p.ZoneID.Present = "z1", true
	return p
}

func batchParams() (p dns.RecordBatchParams) {
	p.ZoneID.Value, p.ZoneID.Present = "z1", true
	var d dns.RecordBatchParamsDelete
	d.ID.Value, d.ID.Present = "r1", true
	p.Deletes.Value, p.Deletes.Present = []dns.RecordBatchParamsDelete{d}, true
	return p
}

func sdkServer(t *testing.T, h http.HandlerFunc) *dns.RecordService {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return dns.NewRecordService(option.WithBaseURL(s.URL), option.WithAPIToken("token"))
}

// A record with an address that is no text, and a TTL that is no number, reads
// as if all were well.
func TestSDKReadsAnything(t *testing.T) {
	records := sdkServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"success":true,"result":[{"id":"1","type":"A","name":"www.example.org","content":5,"ttl":"x"}],"result_info":{"total_pages":7}}`)
	})
	page, err := records.List(t.Context(), listParams())
	if err != nil || len(page.Result) != 1 || page.Result[0].Content != "5" || page.Result[0].TTL != 0 {
		t.Errorf("%+v, %v: the SDK is strict now", page, err)
	}
	if strings.Contains(fmt.Sprintf("%+v", page.ResultInfo), "TotalPages:7") {
		t.Error("the SDK tells the number of pages now")
	}
	v := newView("example.org.", []json.RawMessage{json.RawMessage(page.Result[0].JSON.RawJSON())})
	if len(v.snapshot.RRsets) != 0 || len(v.snapshot.Others) != 1 {
		t.Errorf("%+v: want it among the others, word for word", v.snapshot)
	}
}

// A batch that fails is sent three times.
func TestSDKRetriesBatches(t *testing.T) {
	n := 0
	records := sdkServer(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusInternalServerError)
	})
	if _, err := records.Batch(t.Context(), batchParams()); err == nil || n != 3 {
		t.Errorf("%d requests, error %v: the SDK's retries have changed", n, err)
	}
}

// A batch that has landed is told as cancelled when the context ends just then;
// call keeps what came of it.
func TestSDKForgetsOutcome(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	records := sdkServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"success":true,"errors":[],"result":{}}`)
	})
	p, err := New(Config{APIToken: "token"})
	if err != nil {
		t.Fatal(err)
	}
	var n tally
	var told error
	_, err = p.ask(&n, "token", func(opts ...option.RequestOption) error {
		opts = append(opts, option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			resp, err := next(r)
			cancel()
			return resp, err
		}))
		_, told = records.Batch(ctx, batchParams(), opts...)
		return told
	})
	if !errors.Is(told, context.Canceled) {
		t.Errorf("the SDK says %v now", told)
	}
	if err != nil || n != 1 {
		t.Errorf("%d requests, error %v: want the success that it was", n, err)
	}
}
