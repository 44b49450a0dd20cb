package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/fault"
)

// GetHealth says that the service is there; it asks no dependency.
func (s *Server) GetHealth(context.Context, api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	return api.GetHealth200JSONResponse{Body: api.Health{Status: api.HealthStatusOk, Version: s.cfg.Version}}, nil
}

// mountPages adds what lies outside the contract: probes, the documents and the docs.
func (s *Server) mountPages(e *echo.Echo) {
	e.GET("/livez", s.live)
	e.GET("/readyz", s.ready)
	e.GET("/", func(c *echo.Context) error { return c.Redirect(http.StatusFound, "/docs") })
	for path, h := range s.cfg.Docs.Routes() {
		e.GET(path, func(c *echo.Context) error {
			requestInfoFrom(c.Request().Context()).route = path
			h.ServeHTTP(c.Response(), c.Request())
			return nil
		})
	}
}

// live answers as long as the process runs.
func (s *Server) live(c *echo.Context) error {
	requestInfoFrom(c.Request().Context()).route = "/livez"
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// readyTimeout bounds the question to the database.
const readyTimeout = 2 * time.Second

// ready answers 200 when requests would be answered: not draining, and the database there. With ?exclude=database it
// does not ask the database: one that is away is so for every replica, and taking all of them out of the balancer would
// also end what works without it.
func (s *Server) ready(c *echo.Context) error {
	requestInfoFrom(c.Request().Context()).route = "/readyz"
	if s.draining.Load() {
		return fault.ErrDraining
	}
	if !slices.Contains(c.QueryParams()["exclude"], "database") {
		ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
		defer cancel()
		if err := s.cfg.Ready(ctx); err != nil {
			return fault.ErrDatabase.WithCause(err)
		}
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}
