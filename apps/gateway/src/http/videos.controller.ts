import { Controller, Get, Inject, Param } from '@nestjs/common';
import { Catalogue } from '../sources/catalogue';
import { ApiError } from '@watchnext/service';
import { Documented, NOT_READY } from './documented';
import { parse } from './parse';
import { type VideoAnswer, videoAnswer, videoIdPath } from './schemas';

@Controller('v1/videos')
export class VideosController {
  constructor(@Inject(Catalogue) private readonly catalogue: Catalogue) {}

  @Get(':id')
  @Documented({
    summary: 'A video of the catalogue',
    path: videoIdPath,
    answer: videoAnswer,
    errors: {
      400: 'The video id is not valid.',
      404: 'The catalogue does not know it.',
      410: 'It was withdrawn.',
      503: NOT_READY,
    },
  })
  video(@Param() path: unknown): VideoAnswer {
    const { id: videoId } = parse(videoIdPath, path, 'videoId');
    const video = this.catalogue.get(videoId);
    if (!video) throw new ApiError(404, 'unknown-video', `the catalogue does not know video ${videoId}`, 'videoId');
    if (video.withdrawn) throw new ApiError(410, 'video-withdrawn', `video ${videoId} was withdrawn`, 'videoId');
    return { videoId, ...this.catalogue.textsOf(videoId), ...video.facts };
  }
}
