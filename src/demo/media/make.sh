#!/bin/sh
# Draws the films of the demonstration. Everything in them is computed here: see README.md.
#
#   src/demo/media/make.sh [FOLDER]      (FOLDER: where the films go; this one by default)
#
# Debian 12's ffmpeg (5.1) and fonts-dejavu-core. One thread and the bitexact flags, so that the
# same ffmpeg makes the same bytes; another version makes other bytes of the same pictures.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf

# encode NAME SECONDS VIDEO_KBIT_S PICTURE_GRAPH SOUND_EXPRESSION: both tracks, in Matroska.
encode() {
    ffmpeg -nostdin -v error -y -filter_threads 1 \
        -f lavfi -i "$4" -f lavfi -i "aevalsrc=$5:s=24000:d=$2" \
        -map 0:v -map 1:a -t "$2" \
        -c:v libx264 -profile:v high -pix_fmt yuv420p -preset veryslow -tune animation -threads 1 \
        -b:v "$3k" -maxrate "$(($3 * 3))k" -bufsize "$(($3 * 8))k" -g 60 -keyint_min 12 \
        -c:a aac -b:a 24k -ac 1 -shortest \
        -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
        "$1"
}

# chord SECONDS_A_BAR F1 F2 F3 G1 G2 G3: two soft triads that swell and fade in turn.
chord() {
    a="(sin(2*PI*$2*t)+sin(2*PI*$3*t)+sin(2*PI*$4*t))*pow(sin(PI*t/$1)\\,2)"
    b="(sin(2*PI*$5*t)+sin(2*PI*$6*t)+sin(2*PI*$7*t))*pow(cos(PI*t/$1)\\,2)"
    printf '0.09*(%s+%s)' "$a" "$b"
}

card="drawtext=fontfile=$font:fontcolor=white:shadowcolor=black:shadowx=2:shadowy=2"
clock="$card:fontsize=18:x=w-tw-12:y=h-th-10:text='Demo  %{pts\\:hms}'"

# The Lamp and the Tide: a lighthouse lamp turns over a sea that rises and falls. Drawn small
# (geq counts every pixel) and enlarged; the tower and the words are drawn at full size.
sky="18+26*Y/H+14*sin(T/11)"
beam="170*exp(-pow(sin((atan2(Y-24\\,X-118)-T*0.55)/2)*9\\,2))*exp(-hypot(X-118\\,Y-24)/70)"
tide="58+9*sin(T/9)+1.6*sin(X/7+T*1.1)+1.1*sin(X/3.1-T*0.7)"
sea="34+16*sin(Y*0.9-T*0.8+sin(X/9+T/3)*1.7)"
lum="if(gt(Y\\,$tide)\\,$sea+0.25*($beam)\\,min(235\\,$sky+$beam))"
film="nullsrc=s=160x90:r=12,format=yuv420p,geq=lum='$lum':cb='136+14*sin(T/13)':cr='120+16*cos(T/17)'"
film="$film,scale=640:360:flags=bicubic,drawbox=x=458:y=104:w=30:h=150:color=0x1c1c22:t=fill"
film="$film,drawbox=x=464:y=84:w=18:h=22:color=0xffe9a8:t=fill,drawbox=x=460:y=76:w=26:h=8:color=0x1c1c22:t=fill"
film="$film,$card:fontsize=34:x=40:y=60:text='The Lamp and the Tide':enable='lt(t,6)'"
film="$film,$card:fontsize=18:x=40:y=108:text='a demonstration, drawn by arithmetic':enable='lt(t,6)'"
film="$film,$card:fontsize=26:x=40:y=60:text='The End':enable='gt(t,60)',$clock"
encode "$out/film.mkv" 66 62 "$film" "$(chord 8 220 277.18 329.63 196 246.94 293.66)"

# The same tracks as MP4. The index (moov) is left at the end, where it is hardest to stream from.
ffmpeg -nostdin -v error -y -i "$out/film.mkv" -map 0 -c copy -map_metadata -1 -fflags +bitexact \
    "$out/film.mp4"

# episode N PICTURE CHORD…: Harbour Watch, each of another pattern, with its number burnt in.
episode() {
    n=$1 picture=$2
    shift 2
    picture="$picture,scale=640:360:flags=neighbor,format=yuv420p"
    picture="$picture,$card:fontsize=120:x=(w-tw)/2:y=(h-th)/2:text='$n'"
    picture="$picture,$card:fontsize=24:x=24:y=20:text='Harbour Watch   S01E0$n',$clock"
    encode "$out/episode$n.mkv" 48 34 "$picture" "$(chord "$@")"
}
episode 1 "gradients=s=640x360:r=12:c0=0x102840:c1=0x2f7f8f:c2=0xd9a05b:c3=0x401830:nb_colors=4:x0=0:y0=0:x1=640:y1=360:speed=0.008:seed=7" \
    6 261.63 329.63 392 220 261.63 329.63
episode 2 "life=s=64x36:r=2:ratio=0.2:seed=11:mold=6:life_color=0x7fd0e0:death_color=0x203050:mold_color=0x101828,fps=12" \
    6 293.66 349.23 440 246.94 293.66 349.23
episode 3 "mandelbrot=s=320x180:r=12:start_scale=2.6:end_scale=0.5:end_pts=1200:maxiter=60:inner=black:outer=iteration_count" \
    6 329.63 392 493.88 261.63 329.63 392

# A few seconds of episode 1: the sample and the featurette that a pack carries and nobody wants.
ffmpeg -nostdin -v error -y -i "$out/episode1.mkv" -t 8 -map 0 -c copy -map_metadata -1 \
    -fflags +bitexact "$out/extra.mkv"

# poster NAME FROM SECOND LEFT: a still, upright, for the title's page.
poster() {
    ffmpeg -nostdin -v error -y -ss "$3" -i "$out/$2" -frames:v 1 -vf "crop=240:360:$4:0,scale=200:300" \
        -q:v 8 -map_metadata -1 -fflags +bitexact -flags:v +bitexact "$out/$1"
}
poster film.jpg film.mkv 36 330
poster series.jpg episode1.mkv 12 200
poster anime.jpg episode2.mkv 12 200
ls -l "$out"
