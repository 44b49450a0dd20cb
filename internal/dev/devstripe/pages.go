package devstripe

import (
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/adiuva/cloud-api/internal/tier"
)

//go:embed templates/*.html
var templates embed.FS

// registerPages registers the pages that Stripe hosts: the checkout and the portal. The portal can also advance the
// clock and make the card fail.
func (s *Server) registerPages() {
	views := template.Must(template.ParseFS(templates, "templates/*.html")) // embedded; tests render each
	s.mux.HandleFunc("GET /c/pay/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.showCheckout(w, r, views, "")
	})
	s.mux.HandleFunc("POST /c/pay/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.submitCheckout(w, r, views)
	})
	s.mux.HandleFunc("GET /p/{customer}", func(w http.ResponseWriter, r *http.Request) {
		s.showPortal(w, r, views)
	})
	s.mux.HandleFunc("POST /p/{customer}", s.submitPortal)
}

// checkoutView is the data of the checkout page.
type checkoutView struct {
	Email, Plan, Status, Message string
	Cents, Seats                 int
	PerSeat                      bool
}

// Euros returns the price of one seat in euros.
func (v checkoutView) Euros() int { return v.Cents / 100 }

func (s *Server) showCheckout(w http.ResponseWriter, r *http.Request, views *template.Template, message string) {
	s.mu.Lock()
	x := s.state.session(r.PathValue("id"))
	var view checkoutView
	if x != nil {
		t := s.tierOf(x.Price)
		view = checkoutView{
			Plan: planName(t), Status: x.Status, Message: message,
			Cents: t.Price().Cents, Seats: x.Quantity, PerSeat: t.Price().PerSeat,
		}
		if c := s.state.customer(x.Customer); c != nil {
			view.Email = c.Email
		}
	}
	s.mu.Unlock()
	if x == nil {
		http.NotFound(w, r)
		return
	}
	s.renderPage(w, views, "checkout.html", view)
}

func planName(t tier.Tier) string {
	switch t {
	case tier.Pro:
		return "Pro"
	case tier.Power:
		return "Power"
	default:
		return "Team"
	}
}

func (s *Server) submitCheckout(w http.ResponseWriter, r *http.Request, views *template.Template) {
	id := r.PathValue("id")
	s.mu.Lock()
	x := s.state.session(id)
	s.mu.Unlock()
	if x == nil {
		http.NotFound(w, r)
		return
	}
	switch r.FormValue("do") {
	case "pay":
		seats, _ := strconv.Atoi(r.FormValue("seats")) // 0 means those of the order
		if s.Pay(id, min(max(seats, 0), 10_000)) != "" {
			http.Redirect(w, r, x.SuccessURL, http.StatusSeeOther)
			return
		}
		s.showCheckout(w, r, views, "The card was declined. Nothing was paid.")
	case "cancel":
		http.Redirect(w, r, x.CancelURL, http.StatusSeeOther)
	default:
		s.showCheckout(w, r, views, "The card was declined. Nothing was paid.")
	}
}

// portalView is the data of the portal page.
type portalView struct {
	Email, Back, Now string
	Declines         bool
	Subscriptions    []portalRow
}

type portalRow struct {
	ID, Plan, Status, PeriodEnd string
	Seats                       int
	Ends, Over                  bool
}

const dateFormat = "2 January 2006"

func (s *Server) showPortal(w http.ResponseWriter, r *http.Request, views *template.Template) {
	s.mu.Lock()
	c := s.state.customer(r.PathValue("customer"))
	view := portalView{Back: r.FormValue("back"), Now: s.now().Format(dateFormat)}
	if c != nil {
		view.Email, view.Declines = c.Email, c.Declines
		for _, x := range s.state.Subscriptions {
			if x.Customer == c.ID {
				view.Subscriptions = append(view.Subscriptions, portalRow{
					ID: x.ID, Plan: planName(s.tierOf(x.Price)), Status: x.Status,
					PeriodEnd: x.PeriodEnd.Format(dateFormat), Seats: x.Quantity,
					Ends: x.CancelAtPeriodEnd, Over: x.ended(),
				})
			}
		}
	}
	s.mu.Unlock()
	if c == nil {
		http.NotFound(w, r)
		return
	}
	s.renderPage(w, views, "portal.html", view)
}

func (s *Server) submitPortal(w http.ResponseWriter, r *http.Request) {
	customer := r.PathValue("customer")
	switch do := r.FormValue("do"); do {
	case "month":
		s.Advance(31 * 24 * time.Hour)
	case "decline", "accept":
		s.DeclineCard(customer, do == "decline")
	case "cancel", "resume":
		s.setCancelAtPeriodEnd(r.FormValue("subscription"), do == "cancel")
	}
	http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
}

func (s *Server) setCancelAtPeriodEnd(id string, cancel bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.state.subscription(id); x != nil && !x.ended() {
		x.CancelAtPeriodEnd = cancel
		s.queueEvent("customer.subscription.updated", s.subscriptionObject(x))
		s.save()
	}
}

func (s *Server) renderPage(w http.ResponseWriter, views *template.Template, name string, view any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	if err := views.ExecuteTemplate(w, name, view); err != nil {
		s.cfg.Log.Warn("a page of the Stripe stand-in was not rendered", "error", err)
	}
}
