package generic

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/digitalocean/godo"
	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/providers"
)

// digitaloceanEntry follows https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records.
func digitaloceanEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 30}, DefaultTTL: 1800,
		TTL: TTLInPlace, Retime: retimeDigitalOcean, ByID: true,
		AbsoluteTargets: true, NeverEmpty: true, Serial: true, Status: statusDigitalOcean,
		Chain: ChainByClient, Rate: 4, Burst: 20,
		Notes: []string{
			"Records are changed and deleted by the id that the read brought.",
			"libdns/digitalocean makes connections of its own, repeats a failed POST up to four times and drops priorities and ports, so the libdns interfaces stand here, over the vendor's SDK.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		token := s.Secret("api_token")
		api, err := godo.New(s.Client(), godo.SetRequestHeaders(map[string]string{"Authorization": "Bearer " + token}))
		if err != nil {
			return nil, Hooks{}, err
		}
		return &digitalOcean{api.Domains}, Hooks{}, s.Err()
	}}
}

// digitalOcean is a libdns provider over the vendor's SDK, which tries nothing
// again. Zones are named with or without the final dot.
type digitalOcean struct{ domains godo.DomainsService }

var (
	_ libdns.RecordSetter = (*digitalOcean)(nil)
	_ libdns.ZoneLister   = (*digitalOcean)(nil)
)

// digitalOceanRecord is a record with its id.
type digitalOceanRecord struct {
	rr libdns.RR
	id int
}

// RR returns the record as libdns has it.
func (r digitalOceanRecord) RR() libdns.RR { return r.rr }

// retimeDigitalOcean keeps the id of the record.
func retimeDigitalOcean(r libdns.Record, ttl time.Duration) libdns.Record {
	d, ok := r.(digitalOceanRecord)
	if !ok {
		return r
	}
	d.rr.TTL = ttl
	return d
}

// mostOnPage is the largest page that the API has.
const mostOnPage = 200

// pages reads page after page. One that fails leaves nothing.
func pages[T any](read func(*godo.ListOptions) ([]T, *godo.Response, error)) ([]T, error) {
	var all []T
	for at := (&godo.ListOptions{Page: 1, PerPage: mostOnPage}); ; at.Page++ {
		some, resp, err := read(at)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if resp.Links == nil || resp.Links.IsLastPage() {
			return all, nil
		}
	}
}

// GetRecords reads all records (GET /v2/domains/{domain}/records).
func (d *digitalOcean) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	list, err := pages(func(at *godo.ListOptions) ([]godo.DomainRecord, *godo.Response, error) {
		return d.domains.Records(ctx, undotted(zone), at)
	})
	if err != nil {
		return nil, err
	}
	var records []libdns.Record
	for _, r := range list {
		records = append(records, digitalOceanRecord{libdns.RR{
			Name: r.Name, Type: r.Type, TTL: time.Duration(r.TTL) * time.Second, Data: digitalOceanData(r),
		}, r.ID})
	}
	return records, nil
}

// digitalOceanData is the data as a zone file has it, but for final dots.
func digitalOceanData(r godo.DomainRecord) string {
	switch r.Type {
	case "MX":
		return fmt.Sprintf("%d %s", r.Priority, r.Data)
	case "SRV":
		return fmt.Sprintf("%d %d %d %s", r.Priority, r.Weight, r.Port, r.Data)
	case "CAA":
		return fmt.Sprintf("%d %s %q", r.Flags, r.Tag, r.Data)
	}
	return r.Data
}

// AppendRecords creates addresses and CNAME records, each by a request of its own
// (POST /v2/domains/{domain}/records).
func (d *digitalOcean) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return eachOf(records, func(r libdns.Record) error {
		_, _, err := d.domains.CreateRecord(ctx, undotted(zone), digitalOceanEdit(r.RR()))
		return err
	})
}

// SetRecords changes the very records that were read
// (PUT /v2/domains/{domain}/records/{id}).
func (d *digitalOcean) SetRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return eachOf(records, func(r libdns.Record) error {
		id, err := digitalOceanID(r)
		if err == nil {
			_, _, err = d.domains.EditRecord(ctx, undotted(zone), id, digitalOceanEdit(r.RR()))
		}
		return err
	})
}

// DeleteRecords deletes the very records that were read. One that is gone is
// deleted (DELETE /v2/domains/{domain}/records/{id}).
func (d *digitalOcean) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return eachOf(records, func(r libdns.Record) error {
		id, err := digitalOceanID(r)
		if err == nil {
			_, err = d.domains.DeleteRecord(ctx, undotted(zone), id)
		}
		if statusDigitalOcean(err) == http.StatusNotFound {
			return nil
		}
		return err
	})
}

// ListZones lists the domains of the account (GET /v2/domains).
func (d *digitalOcean) ListZones(ctx context.Context) ([]libdns.Zone, error) {
	list, err := pages(func(at *godo.ListOptions) ([]godo.Domain, *godo.Response, error) { return d.domains.List(ctx, at) })
	if err != nil {
		return nil, err
	}
	var zones []libdns.Zone
	for _, domain := range list {
		zones = append(zones, libdns.Zone{Name: domain.Name})
	}
	return zones, nil
}

// digitalOceanEdit is what the API takes of an address or a CNAME record, whose
// target it wants with the final dot that it does not show.
func digitalOceanEdit(rr libdns.RR) *godo.DomainRecordEditRequest {
	if rr.Type == "CNAME" && rr.Data != "@" && !strings.HasSuffix(rr.Data, ".") {
		rr.Data += "."
	}
	return &godo.DomainRecordEditRequest{Type: rr.Type, Name: rr.Name, Data: rr.Data, TTL: int(rr.TTL / time.Second)}
}

func digitalOceanID(r libdns.Record) (int, error) {
	d, ok := r.(digitalOceanRecord)
	if !ok {
		return 0, fmt.Errorf("record %q %s was not read before, so it has no id", r.RR().Name, r.RR().Type)
	}
	return d.id, nil
}

// eachOf returns the records that f was done with before it failed.
func eachOf(records []libdns.Record, f func(libdns.Record) error) (done []libdns.Record, err error) {
	for _, r := range records {
		if err := f(r); err != nil {
			return done, err
		}
		done = append(done, r)
	}
	return done, nil
}

func undotted(zone string) string { return strings.TrimSuffix(zone, ".") }
