//! The figures as a picture: for each kind of database, what a page costs by how many tasks there are.

use std::fmt::Write;

use crate::{
    processes::{figures::float, place::Kind},
    report::{Line, Point, Report, thousands},
};

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
/// The space around the lines of a panel, in which its axes are labelled.
const MARGIN: f64 = 48.0;
/// Colors that are told apart by most people.
const COLORS: [&str; 3] = ["#0072b2", "#e69f00", "#cc3311"];

/// What one panel shows of the lines of one kind of database.
type Panel = (&'static str, Kind, fn(&Point) -> f64);

const PANELS: [Panel; 3] = [
    ("taskward on PostgreSQL", Kind::Postgres, |point| point.cpu),
    ("PostgreSQL itself", Kind::Postgres, |point| point.postgres),
    ("taskward on SQLite", Kind::Sqlite, |point| point.cpu),
];

/// An SVG, the panels side by side.
pub fn of(report: &Report) -> String {
    let lines = report.lines();
    let panels =
        || PANELS.iter().filter(|(_, kind, _)| lines.iter().any(|line| line.kind == *kind));
    let (width, height) = (float(panels().count()) * (WIDTH + 2.0 * MARGIN), HEIGHT + 3.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' font-family='sans-serif' font-size='12'>\n\
         <rect width='100%' height='100%' fill='white'/>\n"
    );
    for (place, (title, kind, figure)) in panels().enumerate() {
        let left = MARGIN + float(place) * (WIDTH + 2.0 * MARGIN);
        let lines: Vec<_> = lines.iter().filter(|line| line.kind == *kind).collect();
        let panel = panel(title, &lines, *figure);
        write!(svg, "<g transform='translate({left} {MARGIN})'>\n{panel}</g>\n").unwrap();
    }
    svg + "</svg>\n"
}

/// The number of tasks grows tenfold from mark to mark, and what a page costs begins at nothing.
fn panel(title: &str, lines: &[&Line], figure: fn(&Point) -> f64) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let decades = |tasks: usize| float(tasks).log10();
    let fewest = points().map(|point| decades(point.tasks)).fold(f64::MAX, f64::min);
    let most = points().map(|point| decades(point.tasks)).fold(fewest + 0.1, f64::max);
    let step = step(points().map(figure).fold(0.1, f64::max));
    let x = |tasks: usize| (decades(tasks) - fewest) / (most - fewest) * WIDTH;
    let y = |micros: f64| HEIGHT * (1.0 - micros / (5.0 * step));

    let mut svg =
        format!("<text y='-16' font-weight='bold'>{title}: CPU µs for a page of 50</text>\n");
    for mark in 0..=5 {
        let micros = f64::from(mark) * step;
        let y = y(micros);
        writeln!(svg, "<path d='M0 {y:.1}h{WIDTH}' stroke='#ddd'/><text x='-6' y='{:.1}' text-anchor='end'>{micros}</text>", y + 4.0).unwrap();
    }
    for point in &lines[0].points {
        let (x, tasks) = (x(point.tasks), thousands(point.tasks));
        writeln!(svg, "<text x='{x:.1}' y='{}' text-anchor='middle'>{tasks}</text>", HEIGHT + 18.0)
            .unwrap();
    }
    writeln!(
        svg,
        "<text x='{}' y='{}' text-anchor='middle'>tasks</text>",
        WIDTH / 2.0,
        HEIGHT + 36.0
    )
    .unwrap();
    for ((place, line), color) in lines.iter().enumerate().zip(COLORS) {
        let places = line.points.iter().map(|point| (x(point.tasks), y(figure(point))));
        let path: Vec<_> = places.clone().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        writeln!(
            svg,
            "<polyline points='{}' fill='none' stroke='{color}' stroke-width='2'/>",
            path.join(" ")
        )
        .unwrap();
        for (x, y) in places {
            writeln!(svg, "<circle cx='{x:.1}' cy='{y:.1}' r='3.5' fill='{color}'/>").unwrap();
        }
        let y = HEIGHT + 58.0 + 16.0 * float(place);
        writeln!(
            svg,
            "<path d='M0 {}h16' stroke='{color}' stroke-width='2'/><text x='22' y='{y}'>{}</text>",
            y - 4.0,
            line.page
        )
        .unwrap();
    }
    svg
}

/// The least round number of which five are enough.
fn step(largest: f64) -> f64 {
    let power = 10_f64.powf((largest / 5.0).log10().floor());
    let enough = |step: &f64| step * 5.0 >= largest;
    [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * power).into_iter().find(enough).unwrap()
}
