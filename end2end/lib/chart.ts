import { expect, type Locator, type Page } from '@playwright/test';

const LIBRARY = /\/lightweight-charts-[\d.]+\.mjs$/;

/** What the page has had the chart library do, of the chart in the container with this test id. */
export type Drawn = {
  background: string;
  setData: number;
  update: number;
  markers: { time: number; shape: string }[];
  priceLines: { price: number; title?: string }[];
  /** Series that stand, by their kind and pane. */
  series: { kind: string; pane: number }[];
  removed: boolean;
  /** From which point to which one it shows, counted from 0. */
  visible: { from: number; to: number } | null;
};

/** Has the page load the library through a module that notes what is drawn. To be called before the page is opened. */
export async function noteDrawing(page: Page): Promise<void> {
  await page.route(LIBRARY, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: `
        export * from '${new URL(route.request().url()).pathname}?real';
        import * as library from '${new URL(route.request().url()).pathname}?real';
        const drawn = (window.drawn = []);
        export function createChart(container, options) {
          const chart = library.createChart(container, options);
          const note = {
            id: container.dataset.testid, background: options.layout.background.color, setData: 0, update: 0,
            markers: [], lines: [], series: [], removed: false, chart,
          };
          drawn.push(note);
          const { addSeries, removeSeries, remove } = chart;
          const notes = new Map();
          chart.addSeries = (kind, options, pane) => {
            const series = addSeries.call(chart, kind, options, pane);
            notes.set(series, { kind: kind.type, pane });
            note.series = [...notes.values()];
            const { setData, update, createPriceLine, removePriceLine } = series;
            series.note = note;
            series.setData = (data) => { note.setData += 1; return setData.call(series, data); };
            series.update = (...point) => { note.update += 1; return update.apply(series, point); };
            series.createPriceLine = (options) => {
              const line = createPriceLine.call(series, options);
              line.options_ = options;
              options.of = series;
              note.lines.push(options);
              return line;
            };
            series.removePriceLine = (line) => {
              note.lines = note.lines.filter((options) => options !== line.options_);
              return removePriceLine.call(series, line);
            };
            return series;
          };
          chart.removeSeries = (series) => {
            notes.delete(series);
            note.series = [...notes.values()];
            note.lines = note.lines.filter((options) => options.of !== series);
            return removeSeries.call(chart, series);
          };
          chart.remove = () => { note.removed = true; delete note.chart; return remove.call(chart); };
          return chart;
        }
        export function createSeriesMarkers(series, ...rest) {
          const plugin = library.createSeriesMarkers(series, ...rest);
          const { setMarkers } = plugin;
          plugin.setMarkers = (markers) => { series.note.markers = markers; return setMarkers.call(plugin, markers); };
          return plugin;
        }`,
    }),
  );
}

/** The chart that stands in a container. */
export async function drawn(page: Page, testId: string): Promise<Drawn> {
  const notes = await page.evaluate(
    (id) =>
      (window as any).drawn
        .filter((note: any) => note.id === id && !note.removed)
        .map(({ lines, chart, ...note }: any) => ({
          ...note,
          priceLines: lines.map(({ of, ...line }: any) => line),
          visible: chart.timeScale().getVisibleLogicalRange(),
        })),
    testId,
  );
  expect(notes).toHaveLength(1);
  return notes[0];
}

/** The chart has been drawn with what was asked for. */
export async function settled(chart: Locator): Promise<void> {
  await expect(chart).toHaveAttribute('data-loading', 'false');
  await expect(chart.locator('canvas').first()).toBeVisible();
}
