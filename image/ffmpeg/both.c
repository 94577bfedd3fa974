/*
 * ffmpeg and ffprobe in one program, which goes by the name it is called by: they share all but
 * their own few objects, and apart they would be twice the size. build.sh gives each one's objects
 * this name for their main, and hides the rest of them from the other.
 */
#include <string.h>

int ffmpeg_main(int argc, char **argv);
int ffprobe_main(int argc, char **argv);

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	name = name ? name + 1 : argc > 0 ? argv[0] : "";
	return strcmp(name, "ffprobe") ? ffmpeg_main(argc, argv) : ffprobe_main(argc, argv);
}
