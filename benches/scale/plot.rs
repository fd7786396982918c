//! The figures as a picture: for each kind of database, the cost of a page by the number of tasks.

use std::error::Error;

use plotters::{coord::Shift, prelude::*};

use crate::{
    processes::place::Kind,
    report::{Line, Point, Report, thousands},
};

/// The size of one panel, in pixels.
const PANEL: (u32, u32) = (396, 364);
/// Colors that most people can tell apart.
const COLORS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(230, 159, 0), RGBColor(204, 51, 17)];
const FONT: &str = "sans-serif";

/// What one panel shows of the lines of one kind of database.
type Panel = (&'static str, Kind, fn(&Point) -> f64);

const PANELS: [Panel; 3] = [
    ("taskward on PostgreSQL", Kind::Postgres, |point| point.cpu),
    ("PostgreSQL itself", Kind::Postgres, |point| point.postgres),
    ("taskward on SQLite", Kind::Sqlite, |point| point.cpu),
];

/// An SVG, the panels side by side.
pub fn draw(report: &Report) -> Result<String, Box<dyn Error>> {
    let lines = report.lines();
    let of_kind = |kind| lines.iter().filter(|line| line.kind == kind).collect::<Vec<_>>();
    let panels = PANELS.map(|(title, kind, figure)| (title, of_kind(kind), figure));
    let panels: Vec<_> = panels.into_iter().filter(|(_, lines, _)| !lines.is_empty()).collect();
    let mut svg = String::new();
    {
        let size = (PANEL.0 * u32::try_from(panels.len())?, PANEL.1);
        let picture = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        picture.fill(&WHITE)?;
        let areas = picture.split_evenly((1, panels.len()));
        for (area, (title, lines, figure)) in areas.iter().zip(&panels) {
            draw_panel(area, title, lines, *figure)?;
        }
        picture.present()?;
    }
    Ok(svg)
}

/// The number of tasks is on a logarithmic axis, and the cost of a page starts at zero.
fn draw_panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    lines: &[&Line],
    figure: fn(&Point) -> f64,
) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let mut sizes: Vec<_> = points().map(|point| point.tasks).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let highest = points().map(figure).fold(1.0, f64::max);

    let mut chart = ChartBuilder::on(area)
        .caption(format!("{title}: CPU µs for a page of 50"), (FONT, 15, FontStyle::Bold))
        .margin(16)
        .margin_right(40) // half of the last label of the axis
        .x_label_area_size(44)
        .y_label_area_size(40)
        .build_cartesian_2d(
            (sizes[0]..sizes[sizes.len() - 1] + 1).log_scale().with_key_points(sizes.clone()),
            0.0..highest * 1.1,
        )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .y_labels(6)
        .x_label_formatter(&|tasks| thousands(*tasks))
        .y_label_formatter(&|micros| format!("{micros}"))
        .x_desc("tasks")
        .label_style((FONT, 14))
        .draw()?;
    for (line, color) in lines.iter().zip(COLORS) {
        let points = line.points.iter().map(|point| (point.tasks, figure(point)));
        chart
            .draw_series(LineSeries::new(points, color.filled().stroke_width(2)).point_size(4))?
            .label(line.page)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font((FONT, 14))
        .background_style(WHITE)
        .draw()?;
    Ok(())
}
