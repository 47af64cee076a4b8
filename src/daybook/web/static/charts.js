// Draws the charts of a page from what its canvases carry. The same figures stand in a table.
"use strict";

(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(canvas) {
    const given = JSON.parse(canvas.dataset.chart);
    canvas.parentElement.hidden = false;
    const old = Chart.getChart(canvas);
    if (old) old.destroy();
    return new Chart(canvas, {
      type: "line",
      data: {
        labels: given.labels,
        datasets: [{
          label: given.label,
          data: given.values.map(Number),
          borderColor: colour("--accent"),
          backgroundColor: colour("--accent-soft"),
          fill: true,
          tension: 0,
          pointRadius: 3,
        }],
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        plugins: {
          legend: { labels: { color: colour("--ink") } },
          tooltip: { callbacks: { label: (point) => given.values[point.dataIndex] } },
        },
        scales: {
          x: { ticks: { color: colour("--quiet") }, grid: { color: colour("--rule") } },
          y: { beginAtZero: true, ticks: { color: colour("--quiet") }, grid: { color: colour("--rule") } },
        },
      },
    });
  }

  const all = () => document.querySelectorAll("canvas[data-chart]").forEach(draw);
  all();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
